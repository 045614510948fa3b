/** A seeded stream of pseudo-random numbers. Not for secrets. */
export interface Random {
  /** Whole number in [0, 2³²). */
  uint32(): number;
  /** Number in [0, 1) with 53 random bits. */
  uniform(): number;
  /** Whole number in [0, limit), without bias (rejection). */
  integer(limit: number): number;
  /** Standard normal number (Marsaglia's polar method, SIAM Review 6, 1964). */
  normal(): number;
}

const rotate = (x: number, k: number): number => (x << k) | (x >>> (32 - k));

/** One step of SplitMix32: spreads similar seeds over unrelated states. */
function splitMix(seed: number): number {
  let z = (seed + 0x9e3779b9) | 0;
  z = Math.imul(z ^ (z >>> 16), 0x85ebca6b);
  z = Math.imul(z ^ (z >>> 13), 0xc2b2ae35);
  return z ^ (z >>> 16);
}

function stateOf(seed: number): [number, number, number, number] {
  if (!Number.isSafeInteger(seed)) throw new RangeError(`random: the seed must be a safe integer, got ${seed}`);
  const low = seed | 0;
  const high = Math.floor(seed / 2 ** 32) | 0;
  const a = splitMix(low);
  const b = splitMix(a ^ high);
  const c = splitMix(b + low);
  return [a, b, c, splitMix(c ^ b) | 1];
}

/**
 * Seeded generator xoshiro128** 1.1 (Blackman and Vigna, "Scrambled linear pseudorandom number generators", ACM TOMS
 * 47, 2021), period 2¹²⁸ − 1. Equal seeds give equal streams on every platform.
 *
 * @param seed any safe integer, or the four 32-bit words of a state (not all zero)
 * @returns a stream
 * @throws RangeError when the seed is not a safe integer or the state is all zero
 * @example
 * createRandom([1, 2, 3, 4]).uint32(); // 11520
 */
export function createRandom(seed: number | readonly [number, number, number, number]): Random {
  let [a, b, c, d] = typeof seed === 'number' ? stateOf(seed) : seed;
  if ((a | b | c | d) === 0) throw new RangeError('random: the state must not be all zero');
  let spare = Number.NaN;

  const uint32 = (): number => {
    const result = Math.imul(rotate(Math.imul(b, 5), 7), 9) >>> 0;
    const shifted = b << 9;
    c ^= a;
    d ^= b;
    b ^= c;
    a ^= d;
    c ^= shifted;
    d = rotate(d, 11);
    return result;
  };
  const uniform = (): number => ((uint32() >>> 5) * 67108864 + (uint32() >>> 6)) / 9007199254740992;
  const integer = (limit: number): number => {
    if (!(Number.isInteger(limit) && limit > 0 && limit <= 2 ** 32)) {
      throw new RangeError(`random: the limit must be a whole number in [1, 2^32], got ${limit}`);
    }
    const rejected = 2 ** 32 % limit;
    for (;;) {
      const value = uint32();
      if (value >= rejected) return value % limit;
    }
  };
  const normal = (): number => {
    if (!Number.isNaN(spare)) {
      const value = spare;
      spare = Number.NaN;
      return value;
    }
    for (;;) {
      const u = 2 * uniform() - 1;
      const v = 2 * uniform() - 1;
      const s = u * u + v * v;
      if (s === 0 || s >= 1) continue;
      const factor = Math.sqrt((-2 * Math.log(s)) / s);
      spare = v * factor;
      return u * factor;
    }
  };
  return { uint32, uniform, integer, normal };
}

/**
 * Poisson-distributed count, by multiplication of uniforms in chunks of mean 30 (Knuth, TAOCP 2, 3.4.1).
 *
 * @param random stream to draw from
 * @param rate mean, at least 0; O(rate) draws
 * @returns count
 * @throws RangeError when the rate is negative or not finite
 * @example
 * drawPoisson(createRandom(1), 2.5);
 */
export function drawPoisson(random: Random, rate: number): number {
  if (!(rate >= 0 && rate < Number.POSITIVE_INFINITY)) throw new RangeError(`poisson: rate must be ≥ 0, got ${rate}`);
  let count = 0;
  for (let rest = rate; rest > 0; rest -= 30) {
    const limit = Math.exp(-Math.min(30, rest));
    for (let product = random.uniform(); product > limit; product *= random.uniform()) count++;
  }
  return count;
}

/**
 * Binomially distributed count, by single trials.
 *
 * @param random stream to draw from
 * @param trials whole number, at least 0; O(trials) draws
 * @param probability in [0, 1]
 * @returns number of successes
 * @example
 * drawBinomial(createRandom(1), 10, 0.5);
 */
export function drawBinomial(random: Random, trials: number, probability: number): number {
  let count = 0;
  for (let i = 0; i < trials; i++) if (random.uniform() < probability) count++;
  return count;
}
