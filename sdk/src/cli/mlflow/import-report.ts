/** What is counted on both sides. */
export const countedThings = [
  'experiments',
  'runs',
  'deleted runs',
  'metric points',
  'params',
  'tags',
  'dataset inputs',
  'logged models',
  'artifact files',
  'artifact bytes',
  'registered models',
  'model versions',
  'aliases',
] as const;
export type CountedThing = (typeof countedThings)[number];

export interface MappedExperiment {
  readonly name: string;
  readonly sourceId: string;
  readonly experimentId: string;
}

/** What an import did, and whether everything is here now. */
export interface ImportReport {
  readonly source: string;
  readonly target: string;
  readonly equal: boolean;
  readonly counts: readonly { readonly what: CountedThing; readonly source: number; readonly target: number }[];
  /** Experiments that have another id here. */
  readonly mapped: readonly MappedExperiment[];
  readonly problems: readonly string[];
}

/** Counts of both sides while they grow. */
export class Tally {
  readonly #source = new Map<CountedThing, number>();
  readonly #target = new Map<CountedThing, number>();
  readonly mapped: MappedExperiment[] = [];

  add(what: CountedThing, source: number, target: number): void {
    this.#source.set(what, (this.#source.get(what) ?? 0) + source);
    this.#target.set(what, (this.#target.get(what) ?? 0) + target);
  }

  report(source: string, target: string, problems: readonly string[]): ImportReport {
    const counts = countedThings.map((what) => ({
      what,
      source: this.#source.get(what) ?? 0,
      target: this.#target.get(what) ?? 0,
    }));
    const equal = problems.length === 0 && counts.every((row) => row.source === row.target);
    return { source, target, equal, counts, mapped: this.mapped, problems };
  }
}
