import type { Queryable } from '../database/database.ts';

/** Where a module keeps the digests of objects that it needs. */
export interface ObjectReferences {
  /** Those of these objects that are needed, by what is committed now. */
  needed(on: Queryable, digests: readonly string[]): Promise<readonly string[]>;
  /** Lets go of what nobody has come back to, before a sweep. */
  expire?(): Promise<void>;
}
