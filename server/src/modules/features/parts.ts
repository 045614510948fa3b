import type { Data } from '#data';
import type { Platform } from '#platform/platform';

/** What this module is built on. */
export interface FeatureParts {
  readonly platform: Platform;
  readonly data: Data;
}
