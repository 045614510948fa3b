/** What an online detector says after a value. */
export type DetectorSignal = 'stable' | 'warning' | 'drift';

/** Settings of the Page-Hinkley test. */
export interface PageHinkleyOptions {
  /** Values before anything is said; default 30. */
  readonly minimum?: number;
  /** Tolerated change of the mean, in the unit of the values; default 0.005. */
  readonly delta?: number;
  /** λ, the cumulative deviation that counts as drift; default 50. */
  readonly threshold?: number;
  /** Forgetting factor of the cumulative deviation; default 0.9999. */
  readonly alpha?: number;
  /** Which change of the mean is looked for; default up (errors rise). */
  readonly direction?: 'up' | 'down' | 'both';
}

/** Running state of the test. Plain JSON, changed in place. */
export interface PageHinkleyState {
  readonly options: Required<PageHinkleyOptions>;
  count: number;
  mean: number;
  /** Cumulative deviations above and below the mean, never negative. */
  sumUp: number;
  sumDown: number;
}

/**
 * A fresh Page-Hinkley test (Page, Biometrika 41, 1954; Hinkley, Biometrika 58, 1971; defaults of River 0.2x).
 *
 * @param options settings
 * @returns state to pass to `updatePageHinkley`
 * @throws RangeError when a setting is outside its domain
 * @example
 * const detector = createPageHinkley({ threshold: 20 });
 */
export function createPageHinkley(options: PageHinkleyOptions = {}): PageHinkleyState {
  const { minimum = 30, delta = 0.005, threshold = 50, alpha = 0.9999, direction = 'up' } = options;
  if (!(minimum >= 1 && delta >= 0 && threshold > 0 && alpha > 0 && alpha <= 1)) {
    throw new RangeError('Page-Hinkley: need minimum ≥ 1, delta ≥ 0, threshold > 0 and alpha in (0, 1]');
  }
  return {
    options: { minimum, delta, threshold, alpha, direction },
    count: 0,
    mean: 0,
    sumUp: 0,
    sumDown: 0,
  };
}

/**
 * Feeds one value to a Page-Hinkley test; after a drift the test starts afresh.
 *
 * @param state state of the test, changed in place
 * @param value next value of the stream, finite
 * @returns whether the mean has drifted
 * @throws RangeError when the value is not finite
 * @example
 * updatePageHinkley(createPageHinkley(), 0.3); // 'stable'
 */
export function updatePageHinkley(state: PageHinkleyState, value: number): 'stable' | 'drift' {
  if (!Number.isFinite(value)) throw new RangeError(`Page-Hinkley: value must be finite, got ${value}`);
  const { minimum, delta, threshold, alpha, direction } = state.options;
  state.count++;
  state.mean += (value - state.mean) / state.count;
  const deviation = value - state.mean;
  state.sumUp = Math.max(0, alpha * state.sumUp + deviation - delta);
  state.sumDown = Math.max(0, alpha * state.sumDown - deviation - delta);
  if (state.count < minimum) return 'stable';
  const up = direction !== 'down' && state.sumUp > threshold;
  const down = direction !== 'up' && state.sumDown > threshold;
  if (!(up || down)) return 'stable';
  Object.assign(state, createPageHinkley(state.options));
  return 'drift';
}
