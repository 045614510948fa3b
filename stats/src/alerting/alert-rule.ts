/** When a signal raises an alert, and when it clears it again. */
export interface AlertRule {
  /** Which side of the threshold is bad. */
  readonly direction: 'above' | 'below';
  /** A value at or beyond it is bad, in the unit of the signal. */
  readonly raiseAt: number;
  /** A value strictly on the good side of it is calm; between both thresholds the alert keeps its state. */
  readonly clearAt: number;
  /** Bad values needed among the last `raiseWindow` ones. */
  readonly raiseCount: number;
  readonly raiseWindow: number;
  /** Calm values in a row that clear the alert. */
  readonly clearCount: number;
}

/** Where an alert stands. Plain JSON. */
export interface AlertState {
  readonly raised: boolean;
  /** Whether each of the latest values was bad, oldest first; at most `raiseWindow` of them. */
  readonly recent: readonly boolean[];
  /** Calm values in a row, counted while raised. */
  readonly calm: number;
}

/** What a value changed. */
export type AlertTransition = 'raised' | 'cleared' | null;

/** The state before the first value. */
export const QUIET_ALERT: AlertState = { raised: false, recent: [], calm: 0 };

function check(rule: AlertRule): void {
  const { direction, raiseAt, clearAt, raiseCount, raiseWindow, clearCount } = rule;
  if (!(Number.isFinite(raiseAt) && Number.isFinite(clearAt))) {
    throw new RangeError(`alert rule: thresholds must be finite, got ${raiseAt} and ${clearAt}`);
  }
  if (direction === 'above' ? clearAt > raiseAt : clearAt < raiseAt) {
    throw new RangeError(`alert rule: clearAt ${clearAt} must be on the good side of raiseAt ${raiseAt}`);
  }
  if (
    !(Number.isInteger(raiseCount) && Number.isInteger(raiseWindow) && raiseCount >= 1 && raiseWindow >= raiseCount)
  ) {
    throw new RangeError(`alert rule: need 1 ≤ raiseCount ≤ raiseWindow, got ${raiseCount} of ${raiseWindow}`);
  }
  if (!(Number.isInteger(clearCount) && clearCount >= 1)) {
    throw new RangeError(`alert rule: clearCount must be at least 1, got ${clearCount}`);
  }
}

/**
 * Next state of an alert with hysteresis (a Schmitt trigger, J. Sci. Instrum. 15, 1938, with counts): raised by n bad
 * values of the last m, cleared by k calm values in a row beyond a milder threshold.
 *
 * @param rule thresholds and counts
 * @param state state after the previous value; `QUIET_ALERT` at first
 * @param value the signal, in its unit; null or NaN (not enough data) changes nothing
 * @returns new state and what changed
 * @throws RangeError when the rule contradicts itself
 * @example
 * const rule = { direction: 'above', raiseAt: 0.2, clearAt: 0.1, raiseCount: 1, raiseWindow: 1, clearCount: 2 };
 * stepAlert(rule, QUIET_ALERT, 0.25).transition; // 'raised'
 */
export function stepAlert(
  rule: AlertRule,
  state: AlertState,
  value: number | null,
): { readonly state: AlertState; readonly transition: AlertTransition } {
  check(rule);
  if (value === null || Number.isNaN(value)) return { state, transition: null };
  const sign = rule.direction === 'above' ? 1 : -1;
  if (state.raised) {
    const calm = sign * value < sign * rule.clearAt ? state.calm + 1 : 0;
    if (calm >= rule.clearCount) return { state: QUIET_ALERT, transition: 'cleared' };
    return { state: { ...state, calm }, transition: null };
  }
  const recent = [...state.recent, sign * value >= sign * rule.raiseAt].slice(-rule.raiseWindow);
  if (recent.filter(Boolean).length < rule.raiseCount) return { state: { ...state, recent }, transition: null };
  return { state: { raised: true, recent, calm: 0 }, transition: 'raised' };
}

/**
 * Runs an alert rule over a history: the backtest of a rule before it is switched on.
 *
 * @param rule thresholds and counts
 * @param values shape [n], the signal in order of time; null or NaN where there was not enough data
 * @param from state before the first value; default quiet
 * @returns final state and every change with the position of the value that caused it
 * @throws RangeError when the rule contradicts itself
 * @example
 * runAlertRule(
 *   { direction: 'above', raiseAt: 3, clearAt: 2, raiseCount: 2, raiseWindow: 3, clearCount: 1 },
 *   [1, 4, 1, 4, 2.5, 1],
 * ).transitions; // [{ index: 3, transition: 'raised' }, { index: 5, transition: 'cleared' }]
 */
export function runAlertRule(
  rule: AlertRule,
  values: ArrayLike<number | null>,
  from: AlertState = QUIET_ALERT,
): {
  readonly state: AlertState;
  readonly transitions: readonly { readonly index: number; readonly transition: 'raised' | 'cleared' }[];
} {
  const transitions: { index: number; transition: 'raised' | 'cleared' }[] = [];
  let state = from;
  for (let index = 0; index < values.length; index++) {
    const step = stepAlert(rule, state, values[index] ?? null);
    state = step.state;
    if (step.transition !== null) transitions.push({ index, transition: step.transition });
  }
  return { state, transitions };
}
