const SQRT_TWO = Math.SQRT2;
const INVERSE_SQRT_PI = 0.5641895835477563;
const ERF_NUMERATOR = [
  0.18577770618460315, 3.1611237438705655, 113.86415415105016, 377.485237685302, 3209.3775891384694,
] as const;
const ERF_DENOMINATOR = [1, 23.601290952344122, 244.02463793444417, 1282.6165260773723, 2844.236833439171] as const;
const MIDDLE_NUMERATOR = [
  2.1531153547440383e-8, 0.5641884969886701, 8.883149794388377, 66.11919063714163, 298.6351381974001, 881.952221241769,
  1712.0476126340707, 2051.0783778260716, 1230.3393547979972,
] as const;
const MIDDLE_DENOMINATOR = [
  1, 15.744926110709835, 117.6939508913125, 537.1811018620099, 1621.3895745666903, 3290.7992357334597,
  4362.619090143247, 3439.3676741437216, 1230.3393548037495,
] as const;
const TAIL_NUMERATOR = [
  0.016315387137302097, 0.30532663496123236, 0.36034489994980445, 0.12578172611122926, 0.016083785148742275,
  0.0006587491615298378,
] as const;
const TAIL_DENOMINATOR = [
  1, 2.568520192289822, 1.8729528499234673, 0.5279051029514285, 0.06051834131244132, 0.0023352049762686918,
] as const;

const CENTRAL_NUMERATOR = [
  2509.0809287301227, 33430.57558358813, 67265.7709270087, 45921.95393154987, 13731.69376550946, 1971.5909503065513,
  133.14166789178438, 3.3871328727963665,
] as const;
const CENTRAL_DENOMINATOR = [
  5226.495278852854, 28729.085735721943, 39307.89580009271, 21213.794301586597, 5394.196021424751, 687.1870074920579,
  42.31333070160091, 1,
] as const;
const OUTER_NUMERATOR = [
  0.0007745450142783414, 0.022723844989269184, 0.2417807251774506, 1.2704582524523684, 3.6478483247632045,
  5.769497221460691, 4.630337846156546, 1.4234371107496835,
] as const;
const OUTER_DENOMINATOR = [
  1.0507500716444169e-9, 0.0005475938084995345, 0.015198666563616457, 0.14810397642748008, 0.6897673349851,
  1.6763848301838038, 2.053191626637759, 1,
] as const;
const FAR_NUMERATOR = [
  2.0103343992922881e-7, 2.7115555687434876e-5, 0.0012426609473880784, 0.026532189526576124, 0.29656057182850487,
  1.7848265399172913, 5.463784911164114, 6.657904643501103,
] as const;
const FAR_DENOMINATOR = [
  2.0442631033899397e-15, 1.421511758316446e-7, 1.8463183175100548e-5, 0.0007868691311456133, 0.014875361290850615,
  0.1369298809227358, 0.599832206555888, 1,
] as const;

function horner(coefficients: readonly number[], x: number): number {
  let sum = 0;
  for (let i = 0; i < coefficients.length; i++) sum = sum * x + coefficients[i]!;
  return sum;
}

/** exp(−x²) with the square split in two, so that the rounding of x² is not magnified. */
function expMinusSquare(x: number): number {
  const high = Math.trunc(x * 16) / 16;
  return Math.exp(-high * high) * Math.exp(-(x - high) * (x + high));
}

/** exp(x²) erfc(x) for x > 0.46875 by Cody's rational approximations (Math. Comp. 23, 1969). */
function scaledErfcTail(x: number): number {
  if (x <= 4) return horner(MIDDLE_NUMERATOR, x) / horner(MIDDLE_DENOMINATOR, x);
  const y = 1 / (x * x);
  return (INVERSE_SQRT_PI - (y * horner(TAIL_NUMERATOR, y)) / horner(TAIL_DENOMINATOR, y)) / x;
}

function erfCore(x: number): number {
  const y = x * x;
  return (x * horner(ERF_NUMERATOR, y)) / horner(ERF_DENOMINATOR, y);
}

/**
 * Complementary error function, by Cody's rational Chebyshev approximations (Math. Comp. 23, 1969).
 *
 * @param x any number
 * @returns erfc(x) in [0, 2], relative error about 1e-15
 * @example
 * erfc(1); // 0.15729920705028513
 */
export function erfc(x: number): number {
  const size = Math.abs(x);
  if (size <= 0.46875) return 1 - erfCore(x);
  const tail = size > 27.3 ? 0 : expMinusSquare(size) * scaledErfcTail(size);
  return x > 0 ? tail : 2 - tail;
}

/**
 * Distribution function Φ(x) of the standard normal distribution.
 *
 * @param x any number
 * @returns P(Z ≤ x)
 * @example
 * normalCdf(1.96); // 0.9750021048517795
 */
export function normalCdf(x: number): number {
  return 0.5 * erfc(-x / SQRT_TWO);
}

/**
 * Upper tail 1 − Φ(x) of the standard normal distribution, without cancellation.
 *
 * @param x any number
 * @returns P(Z > x)
 * @example
 * normalSf(10); // 7.61985302416052e-24
 */
export function normalSf(x: number): number {
  return 0.5 * erfc(x / SQRT_TWO);
}

/**
 * ln( exp(x²/2) · Φ(x) ), finite where both factors over- or underflow: the part of a one-sided normal mixture that
 * cancels. For x < 0 it is ln of half the scaled complementary error function.
 *
 * @param x any number
 * @returns natural logarithm
 * @example
 * logScaledNormalCdf(0); // ln ½ = -0.6931471805599453
 */
export function logScaledNormalCdf(x: number): number {
  const t = -x / SQRT_TWO;
  if (t > 0.46875) return Math.log(0.5 * scaledErfcTail(t));
  return 0.5 * x * x + Math.log1p(-normalSf(x));
}

/**
 * ln Φ(x), finite for every finite x.
 *
 * @param x any number
 * @returns natural logarithm of P(Z ≤ x)
 * @example
 * logNormalCdf(-40); // -804.6084420137538
 */
export function logNormalCdf(x: number): number {
  return x < 0 ? logScaledNormalCdf(x) - 0.5 * x * x : Math.log1p(-normalSf(x));
}

/**
 * Quantile function of the standard normal distribution: Wichura's algorithm AS 241 (Appl. Statist. 37, 1988).
 *
 * @param p probability in [0, 1]
 * @returns x with Φ(x) = p; −∞ at 0 and ∞ at 1; relative error about 1e-16
 * @throws RangeError when p is outside [0, 1]
 * @example
 * normalQuantile(0.975); // 1.959963984540054
 */
export function normalQuantile(p: number): number {
  if (!(p >= 0 && p <= 1)) throw new RangeError(`normalQuantile: p must be in [0, 1], got ${p}`);
  const q = p - 0.5;
  if (Math.abs(q) <= 0.425) {
    const r = 0.180625 - q * q;
    return (q * horner(CENTRAL_NUMERATOR, r)) / horner(CENTRAL_DENOMINATOR, r);
  }
  const tail = q < 0 ? p : 1 - p;
  if (tail === 0) return q < 0 ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
  const r = Math.sqrt(-Math.log(tail));
  const value =
    r <= 5
      ? horner(OUTER_NUMERATOR, r - 1.6) / horner(OUTER_DENOMINATOR, r - 1.6)
      : horner(FAR_NUMERATOR, r - 5) / horner(FAR_DENOMINATOR, r - 5);
  return q < 0 ? -value : value;
}
