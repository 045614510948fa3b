import { betaQuantile } from '../distribution/incomplete-beta.ts';
import { normalQuantile } from '../distribution/normal.ts';

/** A two-sided confidence interval. */
export interface Interval {
  readonly lower: number;
  readonly upper: number;
}

function check(successes: number, trials: number, level: number): void {
  if (!(trials > 0 && successes >= 0 && successes <= trials)) {
    throw new RangeError(`proportion interval: need 0 ≤ successes ≤ trials, got ${successes} of ${trials}`);
  }
  if (!(level > 0 && level < 1)) throw new RangeError(`proportion interval: level must be in (0, 1), got ${level}`);
}

/**
 * Exact interval of a proportion (Clopper and Pearson, Biometrika 26, 1934): covers at least `level`.
 *
 * @param successes whole number, 0 … trials
 * @param trials whole number, at least 1
 * @param level coverage in (0, 1); default 0.95
 * @returns bounds in [0, 1]
 * @throws RangeError when an argument is outside its domain
 * @example
 * clopperPearson(0, 10); // { lower: 0, upper: 0.3084971078187608 }
 */
export function clopperPearson(successes: number, trials: number, level = 0.95): Interval {
  check(successes, trials, level);
  const tail = (1 - level) / 2;
  return {
    lower: successes === 0 ? 0 : betaQuantile(successes, trials - successes + 1, tail),
    upper: successes === trials ? 1 : betaQuantile(successes + 1, trials - successes, 1 - tail),
  };
}

/**
 * Score interval of a proportion (Wilson, J. Amer. Statist. Assoc. 22, 1927): covers `level` on average.
 *
 * @param successes number, 0 … trials
 * @param trials number, above 0
 * @param level coverage in (0, 1); default 0.95
 * @returns bounds in [0, 1]
 * @throws RangeError when an argument is outside its domain
 * @example
 * wilson(5, 10); // { lower: 0.236593..., upper: 0.763406... }
 */
export function wilson(successes: number, trials: number, level = 0.95): Interval {
  check(successes, trials, level);
  const z = normalQuantile(1 - (1 - level) / 2);
  const square = z * z;
  const centre = (successes + square / 2) / (trials + square);
  const spread = (z / (trials + square)) * Math.sqrt((successes * (trials - successes)) / trials + square / 4);
  return {
    lower: successes === 0 ? 0 : Math.max(0, centre - spread),
    upper: successes === trials ? 1 : Math.min(1, centre + spread),
  };
}
