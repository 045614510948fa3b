import type { Data } from '#data';
import type { Features } from '#features';
import type { ReusedSandbox } from '#platform/analytics/reused-sandbox';
import type { Platform } from '#platform/platform';
import type { Registry } from '#registry';

/** What this module is built on. */
export interface ServingParts {
  readonly platform: Platform;
  readonly data: Data;
  readonly features: Features;
  readonly registry: Registry;
  /** Where lines of the spool become segments of the log. */
  readonly ingestion: ReusedSandbox;
  /** Set once by who decides about versions; until then none needs leave. */
  rolloutGuard: RolloutGuard;
}

/** Why a version may not be rolled out; null where it may. */
export type RolloutGuard = (
  project: string,
  rollout: { readonly model: string; readonly version: number; readonly endpoint: string },
) => Promise<string | null>;

export type PlatformParts = Pick<ServingParts, 'platform'>;
