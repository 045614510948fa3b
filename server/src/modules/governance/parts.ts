import type { Data } from '#data';
import type { Evaluation } from '#evaluation';
import type { Features } from '#features';
import type { Platform } from '#platform/platform';
import type { Registry } from '#registry';
import type { Serving } from '#serving';
import type { Tracking } from '#tracking';

/** What this module is built on: being rightmost, it may read everything. */
export interface GovernanceParts {
  readonly platform: Platform;
  readonly data: Data;
  readonly features: Features;
  readonly tracking: Tracking;
  readonly registry: Registry;
  readonly evaluation: Evaluation;
  readonly serving: Serving;
}
