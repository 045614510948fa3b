/** What keeps the sweep from objects that somebody is about to refer to. */
export interface ObjectClaims {
  /** Resolves once the sweep leaves the object alone for a while; what it was just deleting is gone by then. */
  claim(digest: string): Promise<void>;
  /** Objects that were written that short ago need no claim: the sweep leaves them alone for much longer. */
  readonly freshMs: number;
}

export interface FoundObject {
  readonly sizeBytes: number;
  readonly writtenAt: Date;
}

/** For stores that nobody sweeps. */
export const noClaims: ObjectClaims = { claim: async () => {}, freshMs: Number.POSITIVE_INFINITY };

/** What is stored already, claimed for whoever stores or refers to it now. */
export async function claimFound(
  { claim, freshMs }: ObjectClaims,
  digest: string,
  find: () => Promise<FoundObject | null>,
): Promise<FoundObject | null> {
  const found = await find();
  if (found === null || Date.now() - found.writtenAt.getTime() < freshMs) return found;
  await claim(digest);
  return await find();
}
