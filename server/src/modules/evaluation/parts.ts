import type { Data } from '#data';
import type { Features } from '#features';
import type { Platform } from '#platform/platform';
import type { Registry } from '#registry';
import type { Tracking } from '#tracking';

/** What this module is built on. */
export interface EvaluationParts {
  readonly platform: Platform;
  readonly data: Data;
  readonly features: Features;
  readonly tracking: Tracking;
  readonly registry: Registry;
}
