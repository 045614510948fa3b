import type { DataDoor } from '#data';
import type { Actor } from '#platform/access/actor';
import type { Platform } from '#platform/platform';
import type { ThreadRunner } from '#platform/processes/thread-runner';
import type { BatchQueue } from './batch-queue.ts';
import type { RunWrite } from './batch-store.ts';
import type { PurgeGuard, PurgeStep } from './purge-guard.ts';
import type { NewRun, StoredRun } from './run-store.ts';

/** A run that waits for the next commit; `started` is set once it is durable. */
export interface RunStart {
  readonly actor: Actor;
  readonly project: string;
  readonly experiment: number;
  readonly run: Omit<NewRun, 'project' | 'experiment' | 'artifactUri'>;
  started: StoredRun | null;
}

/** What this module is built on. */
export interface TrackingParts {
  readonly platform: Platform;
  readonly data: DataDoor;
  /** Writes to runs, many requests in one commit. */
  readonly writes: BatchQueue<RunWrite>;
  /** Runs to start, many requests in one commit too. */
  readonly starts: BatchQueue<RunStart>;
  /** For what would keep others waiting. */
  readonly threads: ThreadRunner;
  /** What others have built on runs, asked before these are purged. */
  purgeGuard: PurgeGuard;
  purgeStep: PurgeStep;
}
