import type { DetectorSignal } from './page-hinkley.ts';

/** Settings of the detector. */
export interface WeightedHddmOptions {
  /** Significance of a drift, in (0, 1); default 0.001. */
  readonly drift?: number;
  /** Significance of a warning, in (0, 1); default 0.005. */
  readonly warning?: number;
  /** Weight λ of the newest value, in (0, 1]; default 0.05. */
  readonly weight?: number;
}

/** An exponentially weighted mean with the sum of its squared weights; null before its first value. */
interface WeightedMean {
  readonly mean: number;
  readonly squares: number;
}

/** Running state of the detector. Plain JSON, changed in place. */
export interface WeightedHddmState {
  readonly options: Required<WeightedHddmOptions>;
  all: WeightedMean | null;
  /** Mean of the stream up to its best point, and since then. */
  before: WeightedMean | null;
  after: WeightedMean | null;
  /** Smallest mean plus bound so far; null before the first value. */
  best: number | null;
}

/**
 * A fresh drift detector for a rise of an exponentially weighted mean in [0, 1] by McDiarmid's inequality: quicker than
 * HDDM-A on gradual changes (HDDM-W: Frías-Blanco et al., IEEE TKDE 27, 2015).
 *
 * @param options settings
 * @returns state to pass to `updateWeightedHddm`
 * @throws RangeError when a setting is outside its domain
 * @example
 * const detector = createWeightedHddm();
 */
export function createWeightedHddm(options: WeightedHddmOptions = {}): WeightedHddmState {
  const { drift = 0.001, warning = 0.005, weight = 0.05 } = options;
  if (!(drift > 0 && drift <= warning && warning < 1 && weight > 0 && weight <= 1)) {
    throw new RangeError('HDDM-W: need 0 < drift ≤ warning < 1 and weight in (0, 1]');
  }
  return { options: { drift, warning, weight }, all: null, before: null, after: null, best: null };
}

function extend(sample: WeightedMean | null, value: number, weight: number): WeightedMean {
  if (sample === null) return { mean: value, squares: 1 };
  const kept = 1 - weight;
  return { mean: weight * value + kept * sample.mean, squares: weight ** 2 + kept ** 2 * sample.squares };
}

function bound(squares: number, significance: number): number {
  return Math.sqrt((-squares * Math.log(significance)) / 2);
}

function risen({ before, after }: WeightedHddmState, significance: number): boolean {
  if (before === null || after === null) return false;
  return after.mean - before.mean > bound(before.squares + after.squares, significance);
}

/**
 * Feeds one value to the detector; after a drift it starts afresh.
 *
 * @param state state of the detector, changed in place
 * @param value in [0, 1], for example 1 for a wrong prediction
 * @returns stable, warning or drift
 * @throws RangeError when the value is outside [0, 1]
 * @example
 * updateWeightedHddm(createWeightedHddm(), 0); // 'stable'
 */
export function updateWeightedHddm(state: WeightedHddmState, value: number): DetectorSignal {
  if (!(value >= 0 && value <= 1)) throw new RangeError(`HDDM-W: the value must be in [0, 1], got ${value}`);
  const { drift, warning, weight } = state.options;
  state.all = extend(state.all, value, weight);
  const whole = state.all.mean + bound(state.all.squares, drift);
  if (state.best === null || whole < state.best) {
    state.best = whole;
    state.before = state.all;
    state.after = null;
  } else {
    state.after = extend(state.after, value, weight);
  }
  if (risen(state, drift)) {
    Object.assign(state, createWeightedHddm(state.options));
    return 'drift';
  }
  return risen(state, warning) ? 'warning' : 'stable';
}
