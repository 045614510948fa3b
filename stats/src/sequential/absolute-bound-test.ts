import { logRegularizedBeta } from '../distribution/incomplete-beta.ts';
import { logBeta } from '../distribution/log-gamma.ts';

/** Evidence on one metric of a rollout, natural logarithms of e-values. */
export interface PassFailEvidence {
  readonly logEFail: number;
  readonly logEPass: number;
}

/**
 * Test of a bad rate against a fixed bound p0 (say, an objective), for the candidate alone: Beta(a, b) truncated to
 * p < p0 gives E_pass = B(a+e, b+n−e)/B(a, b) · I_p0(a+e, b+n−e)/I_p0(a, b) / (p0^e (1−p0)^(n−e)); truncated to p > p0
 * it gives E_fail (mixture martingale of Ville and Robbins).
 *
 * @param counts n units, `bad` of them bad
 * @param bound p0, in (0, 1)
 * @param prior Beta parameters a, b, positive; default Jeffreys' ½, ½
 * @returns logEPass against "rate ≥ p0" and logEFail against "rate ≤ p0", both 0 without data
 * @throws RangeError when an argument is outside its domain
 * @example
 * absoluteBoundEvidence({ units: 5000, bad: 2 }, 0.002).logEPass; // above ln 20: passes at β = 0.05
 */
export function absoluteBoundEvidence(
  counts: { readonly units: number; readonly bad: number },
  bound: number,
  prior: { readonly a: number; readonly b: number } = { a: 0.5, b: 0.5 },
): PassFailEvidence {
  const { units, bad } = counts;
  if (!(bad >= 0 && bad <= units)) {
    throw new RangeError(`absolute bound: bad units must be between 0 and ${units}, got ${bad}`);
  }
  if (!(bound > 0 && bound < 1)) throw new RangeError(`absolute bound: bound must be in (0, 1), got ${bound}`);
  const { a, b } = prior;
  const good = units - bad;
  const likelihood = bad * Math.log(bound) + good * Math.log1p(-bound);
  const ratio = logBeta(a + bad, b + good) - logBeta(a, b) - likelihood;
  const below = (c: number, d: number) => logRegularizedBeta(c, d, bound);
  const above = (c: number, d: number) => logRegularizedBeta(d, c, 1 - bound, bound);
  return {
    logEPass: ratio + below(a + bad, b + good) - below(a, b),
    logEFail: ratio + above(a + bad, b + good) - above(a, b),
  };
}
