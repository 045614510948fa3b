import type { Platform } from '#platform/platform';

/** What this module is built on. */
export interface DataParts {
  readonly platform: Platform;
}

/** A transaction, as the platform gives it. */
export type Trx = Parameters<Parameters<Platform['database']['transaction']>[0]>[0];
