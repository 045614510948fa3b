import type { Data } from '#data';
import type { Features } from '#features';
import type { Platform } from '#platform/platform';
import type { Registry } from '#registry';

/** What this module is built on. */
export interface ServingParts {
  readonly platform: Platform;
  readonly data: Data;
  readonly features: Features;
  readonly registry: Registry;
}
