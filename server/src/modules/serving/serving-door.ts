import type { Endpoint, Rollout, RolloutPlan } from '@flyball/api';
import type { Actor } from '#platform/access/actor';
import type { Action } from '#platform/actions/action';
import type { Platform } from '#platform/platform';
import type { RolloutGuard } from './parts.ts';

type Trx = Parameters<Parameters<Platform['database']['transaction']>[0]>[0];

/**
 * Called when an endpoint's watermark moved; everything up to `atMs` is in the log files. Does what is due, and says
 * when it wants to be asked next, and whether something it started is still going on.
 */
export type AdvanceHook = (
  project: string,
  endpoint: string,
  atMs: number,
) => Promise<{ readonly nextDueMs: number | null; readonly busy: boolean }>;

/** Event times of what an endpoint's log holds; null while it is empty. */
export interface LogSpan {
  readonly firstPredictionMs: number | null;
  readonly lastPredictionMs: number | null;
}

export type LogKind = 'predictions' | 'shadows' | 'labels';

/** A local Parquet file of the log; never changes. */
export interface LogFile {
  readonly path: string;
  /** Event times of its rows: of predictions when they were made, of labels when they became known. */
  readonly minAtMs: number;
  readonly maxAtMs: number;
}

/**
 * What others may ask of this module.
 *
 * The log is Parquet, one row per prediction or label. Read several files with `read_parquet([…], union_by_name =
 * true)`.
 * - predictions: `id`, `request`, `row`, `at` TIMESTAMP, `version`, `role` (champion, candidate, pinned), `weight` (the
 *   candidate's share then), `rollout`, `step`, `sticky_key`, `ms`, `error` (null = answered), `prediction`, `seq`,
 *   and one column for each input, `input.<name>`, and each looked-up feature, `feature.<name>`.
 * - shadows: what the other version of a rollout said to the same rows: `id`, `request`, `row`, `at`, `version`,
 *   `rollout`, `step`, `ms`, `error`, `prediction`, `seq`, `request_seq` (`seq` of the prediction).
 * - labels: `id` (of the prediction), `at` TIMESTAMP (when the truth became known), `value`, `predicted_at`, `seq`,
 *   and `request_seq` with `row`, the place of the prediction, which `placedLabelsSql` completes.
 */
export interface ServingDoor {
  readonly actions: readonly Action[];
  getEndpoint(project: string, endpoint: string): Promise<Endpoint>;
  listEndpoints(project: string): Promise<Endpoint[]>;
  /** Newest first. */
  listRollouts(project: string, endpoint: string): Promise<Rollout[]>;
  getRollout(project: string, rollout: string): Promise<Rollout>;
  /** The first version of an endpoint becomes champion at once. */
  startRollout(actor: Actor, project: string, endpoint: string, version: number, plan?: RolloutPlan): Promise<Rollout>;
  /** Files with all predictions made in [from, until), or all labels that became known then; oldest first. */
  logFiles(kind: LogKind, project: string, endpoint: string, fromMs: number, untilMs: number): Promise<LogFile[]>;
  /** From now on a rollout starts only where the guard has nothing against it. */
  guardRollouts(guard: RolloutGuard): void;
  logSpan(project: string, endpoint: string): Promise<LogSpan>;
  onAdvance(hook: AdvanceHook): void;
  /** Says in a transaction that something new may be due at this endpoint, as after a change of a monitor. */
  expectAdvance(trx: Trx, project: string, endpoint: string): Promise<void>;
}
