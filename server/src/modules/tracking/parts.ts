import type { Platform } from '#platform/platform';
import type { BatchQueue } from './batch-queue.ts';
import type { RunWrite } from './batch-store.ts';

/** What this module is built on. */
export interface TrackingParts {
  readonly platform: Platform;
  /** Writes to runs, many requests in one commit. */
  readonly writes: BatchQueue<RunWrite>;
}
