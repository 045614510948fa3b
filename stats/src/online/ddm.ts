import type { DetectorSignal } from './page-hinkley.ts';

/** Settings of the drift detection method. */
export interface DdmOptions {
  /** Values before anything is said; default 30. */
  readonly warmUp?: number;
  /** Standard deviations above the best error rate that warn; default 2. */
  readonly warning?: number;
  /** Standard deviations above the best error rate that count as drift; default 3. */
  readonly drift?: number;
}

/** Running state of the detector. Plain JSON, changed in place. */
export interface DdmState {
  readonly options: Required<DdmOptions>;
  count: number;
  errors: number;
  /** Error rate and its deviation where their sum was smallest; null before the warm-up. */
  best: { rate: number; deviation: number } | null;
}

/**
 * A fresh drift detection method for a stream of errors (Gama, Medas, Castillo and Rodrigues, SBIA 2004).
 *
 * @param options settings
 * @returns state to pass to `updateDdm`
 * @throws RangeError when a setting is outside its domain
 * @example
 * const detector = createDdm();
 */
export function createDdm(options: DdmOptions = {}): DdmState {
  const { warmUp = 30, warning = 2, drift = 3 } = options;
  if (!(warmUp >= 0 && warning > 0 && drift >= warning)) {
    throw new RangeError('DDM: need warmUp ≥ 0 and 0 < warning ≤ drift');
  }
  return { options: { warmUp, warning, drift }, count: 0, errors: 0, best: null };
}

/**
 * Feeds one outcome to the detector; after a drift it starts afresh.
 *
 * @param state state of the detector, changed in place
 * @param error 1 for a wrong prediction, 0 for a right one
 * @returns stable, warning or drift
 * @throws RangeError when the outcome is neither 0 nor 1
 * @example
 * updateDdm(createDdm(), 0); // 'stable'
 */
export function updateDdm(state: DdmState, error: number): DetectorSignal {
  if (error !== 0 && error !== 1) throw new RangeError(`DDM: the outcome must be 0 or 1, got ${error}`);
  const { warmUp, warning, drift } = state.options;
  state.count++;
  state.errors += error;
  if (state.count <= warmUp) return 'stable';
  const rate = state.errors / state.count;
  const deviation = Math.sqrt((rate * (1 - rate)) / state.count);
  if (state.best === null || rate + deviation <= state.best.rate + state.best.deviation) {
    state.best = { rate, deviation };
  }
  const { best } = state;
  if (rate + deviation > best.rate + drift * best.deviation) {
    Object.assign(state, createDdm(state.options));
    return 'drift';
  }
  return rate + deviation > best.rate + warning * best.deviation ? 'warning' : 'stable';
}
