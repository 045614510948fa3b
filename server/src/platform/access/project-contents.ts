import type { Queryable } from '../database/database.ts';

/** A name that two projects both have. */
export interface NameConflict {
  /** As it is written in code: `experiment`, `evaluation_dataset`. */
  readonly kind: string;
  readonly name: string;
}

/** What a module keeps of projects and can move to another one, or delete with its project. */
export interface ProjectContents {
  /** The tables with a reference to projects that are dealt with here, as `schema.table`. */
  readonly tables: readonly string[];
  /** Names that are in both projects and may be in one only; some of them are enough. */
  conflicts(trx: Queryable, from: string, to: string): Promise<readonly NameConflict[]>;
  /** How many things of each kind were moved. */
  move(trx: Queryable, from: string, to: string): Promise<Readonly<Record<string, number>>>;
  /** Deletes all in batches. Nobody sees the project any more, but what was under way may still add something. */
  empty(project: string, signal: AbortSignal): Promise<void>;
}
