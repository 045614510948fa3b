import { gaussLegendre, type QuadratureRule } from './gauss-legendre.ts';
import type { LeafPath } from './leaf-path.ts';

/**
 * The game a leaf plays: its value for a coalition of features, others being averaged out. `contribute` writes the
 * Shapley value of each feature on the path, for a row that passes the features of the mask.
 */
export interface LeafGame {
  /** Value of the empty coalition. */
  readonly base: number;
  contribute(mask: number, out: Float64Array): void;
}

/**
 * The path-dependent game (Lundberg et al. 2020): a feature outside the coalition multiplies the leaf's value by its
 * share s_i, one inside by whether the row passes it, p_i. The Shapley value is the integral over t in [0, 1] of
 * v (p_j − s_j) Π_{i≠j} (t p_i + (1 − t) s_i) (Owen 1972), a polynomial that Gauss-Legendre points integrate exactly.
 */
export function pathDependentGame(leaf: LeafPath, rules: readonly QuadratureRule[]): LeafGame {
  const { share, value } = leaf;
  const count = share.length;
  const rule = rules[Math.ceil(count / 2)]!;
  const factor = new Float64Array(count);
  const before = new Float64Array(count + 1).fill(1);
  let base = value;
  for (const one of share) base *= one;
  return {
    base,
    contribute(mask, out) {
      out.fill(0, 0, count);
      for (let q = 0; q < rule.points.length; q++) {
        const t = rule.points[q]!;
        for (let i = 0; i < count; i++) {
          factor[i] = (1 - t) * share[i]! + ((mask >>> i) & 1) * t;
          before[i + 1] = before[i]! * factor[i]!;
        }
        let after = rule.weights[q]! * value;
        for (let j = count - 1; j >= 0; j--) {
          out[j]! += after * before[j]! * (((mask >>> j) & 1) - share[j]!);
          after *= factor[j]!;
        }
      }
    },
  };
}

/**
 * The interventional game: features outside the coalition are taken from a background row, averaged over all of them.
 * Let the explained row pass a features that the background row fails, and the background row b that the explained one
 * fails. If together they pass all, the Shapley value is v (a−1)! b! / (a+b)! for the a features and
 * −v a! (b−1)! / (a+b)! for the b; otherwise it is 0.
 */
export function interventionalGame(leaf: LeafPath, backgroundMasks: Uint32Array): LeafGame {
  const { value } = leaf;
  const count = leaf.features.length;
  const full = 2 ** count - 1;
  const rows = new Map<number, number>();
  for (const mask of backgroundMasks) rows.set(mask, (rows.get(mask) ?? 0) + 1);
  const seen = Uint32Array.from(rows.keys());
  const worth = Float64Array.from(rows.values(), (n) => (n * value) / backgroundMasks.length);
  return {
    base: ((rows.get(full) ?? 0) * value) / backgroundMasks.length,
    contribute(mask, out) {
      out.fill(0, 0, count);
      for (let z = 0; z < seen.length; z++) {
        const other = seen[z]!;
        if ((mask | other) === full && mask !== other) {
          addAgainst(mask & ~other, other & ~mask, worth[z]!, count, out);
        }
      }
    },
  };
}

function addAgainst(own: number, theirs: number, worth: number, count: number, out: Float64Array): void {
  const a = bitCount(own);
  const b = bitCount(theirs);
  // 1 / ((a+b) · C(a+b−1, b)) is (a−1)! b! / (a+b)!.
  const forOwn = a === 0 ? 0 : worth / ((a + b) * binomial(a + b - 1, b));
  const forTheirs = b === 0 ? 0 : worth / ((a + b) * binomial(a + b - 1, a));
  for (let j = 0; j < count; j++) out[j]! += ((own >>> j) & 1) * forOwn - ((theirs >>> j) & 1) * forTheirs;
}

/** Rules for every path length up to 31, by number of points. */
export function pathRules(): QuadratureRule[] {
  return Array.from({ length: 17 }, (_, points) => gaussLegendre(points));
}

function bitCount(mask: number): number {
  let count = 0;
  for (let rest = mask; rest !== 0; rest &= rest - 1) count++;
  return count;
}

function binomial(n: number, k: number): number {
  let result = 1;
  for (let i = 1; i <= k; i++) result = (result * (n - k + i)) / i;
  return result;
}
