import type { Platform } from '#platform/platform';
import type { Tracking } from '#tracking';

/** What this module is built on. */
export interface TracingParts {
  readonly platform: Platform;
  readonly tracking: Tracking;
}

/** The transaction of one change. */
export type Trx = Parameters<Parameters<Platform['database']['transaction']>[0]>[0];
