import type { Tree } from './tree-ensemble.ts';

/**
 * A leaf seen from the features on its path: each distinct feature once, with the conditions on it merged. A row
 * reaches the leaf exactly when it passes every feature.
 */
export interface LeafPath {
  readonly value: number;
  readonly features: Int32Array;
  /** A value passes when it is above `low` and at most `high`; `low` is NaN where nothing bounds it from below. */
  readonly low: Float64Array;
  readonly high: Float64Array;
  /** 1 where a missing value passes. */
  readonly missing: Uint8Array;
  /** Share of the training rows that stay on the path at the feature's splits, the product over them. */
  readonly share: Float64Array;
}

interface Condition {
  readonly feature: number;
  readonly low: number;
  readonly high: number;
  readonly missing: boolean;
  readonly share: number;
}

/** Masks are 32-bit integers. */
const mostFeatures = 31;

/** The leaves of a tree as paths. Throws a RangeError when a path asks about more than 31 features. */
export function leafPaths(tree: Tree): LeafPath[] {
  const leaves: LeafPath[] = [];
  visit(tree, 0, [], leaves);
  return leaves;
}

/**
 * Sets bit j of each row's mask when the row passes the leaf's feature j. Rows are `begin` … `begin + size`, or the
 * entries of `rows` there.
 */
export function passMasks(
  leaf: LeafPath,
  columns: readonly Float32Array[],
  rows: Uint32Array,
  begin: number,
  size: number,
  masks: Uint32Array,
): void {
  masks.fill(0, 0, size);
  for (let j = 0; j < leaf.features.length; j++) {
    const column = columns[leaf.features[j]!]!;
    addBit(masks, 1 << j, column, rows, begin, size, leaf.low[j]!, leaf.high[j]!, leaf.missing[j] === 1);
  }
}

function addBit(
  masks: Uint32Array,
  bit: number,
  column: Float32Array,
  rows: Uint32Array,
  begin: number,
  size: number,
  low: number,
  high: number,
  missing: boolean,
): void {
  for (let i = 0; i < size; i++) {
    const x = column[rows[begin + i]!]!;
    // Comparing with a `low` of NaN is false, so nothing is refused from below.
    const passes = (x <= high && !(x <= low)) || (missing && Number.isNaN(x));
    if (passes) masks[i]! |= bit;
  }
}

function visit(tree: Tree, node: number, path: readonly Condition[], leaves: LeafPath[]): void {
  if (tree.featureIndex[node]! < 0) {
    leaves.push(leafOf(tree.value[node]!, path));
    return;
  }
  const cover = tree.cover[node]!;
  const shareOf = (child: number) => (cover > 0 ? tree.cover[child]! / cover : 0);
  const feature = tree.featureIndex[node]!;
  const threshold = tree.threshold[node]!;
  const missingLeft = tree.missingLeft[node] === 1;
  const left = tree.left[node]!;
  const right = tree.right[node]!;
  const below = { feature, low: Number.NaN, high: threshold, missing: missingLeft, share: shareOf(left) };
  const infinite = Number.POSITIVE_INFINITY;
  const above = { feature, low: threshold, high: infinite, missing: !missingLeft, share: shareOf(right) };
  visit(tree, left, withCondition(path, below), leaves);
  visit(tree, right, withCondition(path, above), leaves);
}

function withCondition(path: readonly Condition[], added: Condition): Condition[] {
  const at = path.findIndex((condition) => condition.feature === added.feature);
  if (at < 0) return [...path, added];
  const held = path[at]!;
  // Comparisons with a `low` of NaN are false, so a later bound from above leaves the one from below as it is.
  return path.with(at, {
    feature: added.feature,
    low: Number.isNaN(held.low) || added.low > held.low ? added.low : held.low,
    high: Math.min(held.high, added.high),
    missing: held.missing && added.missing,
    share: held.share * added.share,
  });
}

function leafOf(value: number, path: readonly Condition[]): LeafPath {
  if (path.length > mostFeatures) throw new RangeError(`A path asks about ${path.length} features, at most 31 can be`);
  return {
    value,
    features: Int32Array.from(path, (condition) => condition.feature),
    low: Float64Array.from(path, (condition) => condition.low),
    high: Float64Array.from(path, (condition) => condition.high),
    missing: Uint8Array.from(path, (condition) => (condition.missing ? 1 : 0)),
    share: Float64Array.from(path, (condition) => condition.share),
  };
}
