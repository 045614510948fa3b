import type { DetectorSignal } from './page-hinkley.ts';

/** Settings of the detector. */
export interface HddmOptions {
  /** Significance of a drift, in (0, 1); default 0.001. */
  readonly drift?: number;
  /** Significance of a warning, in (0, 1); default 0.005. */
  readonly warning?: number;
}

/** Running state of the detector. Plain JSON, changed in place. */
export interface HddmState {
  readonly options: Required<HddmOptions>;
  count: number;
  total: number;
  /** Prefix of the stream whose mean plus bound was smallest. */
  bestCount: number;
  bestTotal: number;
}

/**
 * A fresh drift detector for a rise of a mean in [0, 1] by Hoeffding's inequality, without assumptions on the
 * distribution (HDDM-A: Frías-Blanco et al., IEEE TKDE 27, 2015).
 *
 * @param options settings
 * @returns state to pass to `updateHddm`
 * @throws RangeError when a setting is outside its domain
 * @example
 * const detector = createHddm();
 */
export function createHddm(options: HddmOptions = {}): HddmState {
  const { drift = 0.001, warning = 0.005 } = options;
  if (!(drift > 0 && drift <= warning && warning < 1)) throw new RangeError('HDDM: need 0 < drift ≤ warning < 1');
  return { options: { drift, warning }, count: 0, total: 0, bestCount: 0, bestTotal: 0 };
}

/** Whether the mean of the whole stream exceeds that of its best prefix at a significance. */
function risen({ count, total, bestCount, bestTotal }: HddmState, significance: number): boolean {
  if (bestCount === count) return false;
  const share = (count - bestCount) / (bestCount * count);
  return total / count - bestTotal / bestCount >= Math.sqrt((share / 2) * Math.log(2 / significance));
}

/**
 * Feeds one value to the detector; after a drift it starts afresh.
 *
 * @param state state of the detector, changed in place
 * @param value in [0, 1], for example 1 for a wrong prediction
 * @returns stable, warning or drift
 * @throws RangeError when the value is outside [0, 1]
 * @example
 * updateHddm(createHddm(), 0); // 'stable'
 */
export function updateHddm(state: HddmState, value: number): DetectorSignal {
  if (!(value >= 0 && value <= 1)) throw new RangeError(`HDDM: the value must be in [0, 1], got ${value}`);
  const { drift, warning } = state.options;
  state.count++;
  state.total += value;
  const bound = (n: number) => Math.sqrt(-Math.log(drift) / (2 * n));
  const whole = state.total / state.count + bound(state.count);
  if (state.bestCount === 0 || state.bestTotal / state.bestCount + bound(state.bestCount) >= whole) {
    state.bestCount = state.count;
    state.bestTotal = state.total;
  }
  if (risen(state, drift)) {
    Object.assign(state, createHddm(state.options));
    return 'drift';
  }
  return risen(state, warning) ? 'warning' : 'stable';
}
