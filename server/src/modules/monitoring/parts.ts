import type { Evaluation } from '#evaluation';
import type { Features } from '#features';
import type { Pipelines } from '#pipelines';
import type { Platform } from '#platform/platform';
import type { Registry } from '#registry';
import type { Serving } from '#serving';
import type { ProductionWindows } from './production-windows.ts';

/** What this module is built on. */
export interface MonitoringParts {
  readonly platform: Platform;
  readonly features: Features;
  readonly registry: Registry;
  readonly evaluation: Evaluation;
  readonly pipelines: Pipelines;
  readonly serving: Serving;
  readonly windows: ProductionWindows;
}
