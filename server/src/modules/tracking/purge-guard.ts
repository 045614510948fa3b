import type { Platform } from '#platform/platform';

type Trx = Pick<Platform['database'], 'tables'>;

/** What may rest on something: on these runs and logged models. */
export interface PurgeQuestion {
  readonly project: string;
  readonly runIds: readonly string[];
  readonly modelIds: readonly string[];
}

/** Says of each run or model on which something rests what that is. */
export type PurgeGuard = (question: PurgeQuestion) => Promise<ReadonlyMap<string, readonly string[]>>;

/** Deletes some of what is in an experiment beside runs and models; how many rows. */
export type PurgeStep = (trx: Trx, experiment: number, limit: number) => Promise<number>;
