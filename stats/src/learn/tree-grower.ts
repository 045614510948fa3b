import type { SplitLimits } from './best-split.ts';
import { NodeTotals, SplitCandidate, scanFeature } from './best-split.ts';
import type { BinnedTable } from './feature-bins.ts';
import {
  addRowsToHistogram,
  binsOf,
  countBins,
  type GradientRows,
  gatherGradients,
  type HistogramColumn,
  subtractHistogram,
} from './node-histogram.ts';
import type { Tree } from './tree-ensemble.ts';

/** The shape of one tree, beside what a split must respect. */
export interface GrowthLimits extends SplitLimits {
  readonly maxDepth: number;
  readonly learningRate: number;
}

/** A grown tree with the splits also as codes, for rows that are already binned. */
export interface GrownTree {
  readonly tree: Tree;
  readonly splitCode: Uint8Array;
}

/**
 * Grows regression trees on gradients over binned columns, depth first: the histogram of the smaller child is summed,
 * the other is its parent's minus it (Ke et al. 2017). All buffers live as long as the grower.
 */
export class TreeGrower {
  readonly #table: BinnedTable;
  readonly #limits: GrowthLimits;
  readonly #weights: Float64Array | null;
  readonly #columns: readonly HistogramColumn[];
  readonly #histograms: Float64Array[] = [];
  readonly #rows: GradientRows;
  readonly #spill: Uint32Array;
  readonly #goesRight = new Uint8Array(256);
  readonly #best = new SplitCandidate();
  readonly #totals = new NodeTotals();
  readonly #nodes: NodeBuffers;
  #features: Int32Array = new Int32Array(0);
  #chosen: readonly HistogramColumn[] = [];
  #nodeCount = 0;

  constructor(table: BinnedTable, limits: GrowthLimits, weights: Float64Array | null) {
    this.#table = table;
    this.#limits = limits;
    this.#weights = weights;
    let offset = 0;
    this.#columns = table.cuts.map((cuts, f) => {
      const codes = table.codes.subarray(f * table.rows, (f + 1) * table.rows);
      offset += binsOf(cuts);
      return { codes, offset: offset - binsOf(cuts) };
    });
    this.#rows = {
      index: new Uint32Array(table.rows),
      ordered: new Float64Array(table.rows * 2),
    };
    this.#spill = new Uint32Array(table.rows);
    this.#nodes = nodeBuffers(mostNodes(table.rows, limits));
  }

  /** Grows one tree on the given rows and features. `derivatives` holds gradient and hessian of each row in turn. */
  grow(derivatives: Float64Array, rows: Uint32Array, features: Int32Array): GrownTree {
    this.#rows.index.set(rows);
    this.#features = features;
    this.#chosen = [...features].map((f) => this.#columns[f]!);
    this.#nodeCount = 1;
    const histogram = this.#takeHistogram();
    this.#sum(histogram, derivatives, 0, rows.length);
    const sumGradient = sumOfEvery(this.#rows.ordered, 0, rows.length);
    const sumHessian = sumOfEvery(this.#rows.ordered, 1, rows.length);
    this.#growNode(0, 0, rows.length, 0, histogram, sumGradient, sumHessian, derivatives);
    return finish(this.#nodes, this.#nodeCount);
  }

  /** Adds the leaf values of the tree grown last to the scores of the rows it was grown on. */
  addLeafValues({ left, value }: Tree, scores: Float64Array): void {
    const { begin, end } = this.#nodes;
    const { index } = this.#rows;
    for (let node = 0; node < left.length; node++) {
      if (left[node]! >= 0) continue;
      const add = value[node]!;
      for (let i = begin[node]!, stop = end[node]!; i < stop; i++) scores[index[i]!]! += add;
    }
  }

  /** Visits the leaves of the tree grown last with their rows; what the visitor answers becomes the leaf's value. */
  refitLeaves({ left, value }: Tree, leafValue: (rows: Uint32Array) => number): void {
    const { begin, end } = this.#nodes;
    for (let node = 0; node < left.length; node++) {
      if (left[node]! >= 0) continue;
      value[node] = this.#limits.learningRate * leafValue(this.#rows.index.subarray(begin[node]!, end[node]!));
    }
  }

  #canSplit(rows: number, depth: number): boolean {
    return depth < this.#limits.maxDepth && rows >= 2 * Math.max(1, this.#limits.minRowsPerLeaf);
  }

  #takeHistogram(): Float64Array {
    return this.#histograms.pop() ?? new Float64Array(countBins(this.#table.cuts) * 3);
  }

  #sum(histogram: Float64Array, derivatives: Float64Array, begin: number, end: number): void {
    histogram.fill(0);
    gatherGradients(derivatives, this.#rows, begin, end);
    addRowsToHistogram(histogram, this.#chosen, this.#rows, begin, end);
  }

  #growNode(
    node: number,
    begin: number,
    end: number,
    depth: number,
    histogram: Float64Array,
    sumGradient: number,
    sumHessian: number,
    derivatives: Float64Array,
  ): void {
    const best = this.#best;
    if (!this.#canSplit(end - begin, depth) || !this.#search(histogram, end - begin, sumGradient, sumHessian)) {
      this.#makeLeaf(node, begin, end, sumGradient, sumHessian);
      this.#histograms.push(histogram);
      return;
    }
    const { leftGradient, leftHessian } = best;
    const left = this.#makeSplit(node, end - begin);
    const middle = this.#partition(begin, end, this.#columns[best.feature]!.codes, best.bin, best.missingLeft);
    const other = this.#takeHistogram();
    const leftIsSmaller = middle - begin <= end - middle;
    if (this.#canSplit(Math.max(middle - begin, end - middle), depth + 1)) {
      this.#sum(other, derivatives, leftIsSmaller ? begin : middle, leftIsSmaller ? middle : end);
      subtractHistogram(histogram, other);
    }
    const forLeft = leftIsSmaller ? other : histogram;
    const forRight = leftIsSmaller ? histogram : other;
    const rightGradient = sumGradient - leftGradient;
    const rightHessian = sumHessian - leftHessian;
    this.#growNode(left, begin, middle, depth + 1, forLeft, leftGradient, leftHessian, derivatives);
    this.#growNode(left + 1, middle, end, depth + 1, forRight, rightGradient, rightHessian, derivatives);
    const { cover } = this.#nodes;
    cover[node] = cover[left]! + cover[left + 1]!;
  }

  #search(histogram: Float64Array, rows: number, gradient: number, hessian: number): boolean {
    const totals = this.#totals;
    totals.gradient = gradient;
    totals.hessian = hessian;
    totals.rows = rows;
    this.#best.reset(this.#limits.minGain);
    for (const f of this.#features) {
      const valueBins = this.#table.cuts[f]!.length + 1;
      scanFeature(histogram, this.#columns[f]!.offset, valueBins, f, totals, this.#limits, this.#best);
    }
    const { feature } = this.#best;
    if (feature < 0) return false;
    // Where no missing value was seen, one that comes later follows the majority.
    const missing = (this.#columns[feature]!.offset + this.#table.cuts[feature]!.length + 1) * 3;
    if (histogram[missing + 2] === 0) this.#best.missingLeft = this.#best.leftRows * 2 >= rows;
    return true;
  }

  #makeLeaf(node: number, begin: number, end: number, gradient: number, hessian: number): void {
    const nodes = this.#nodes;
    const denominator = hessian + this.#limits.lambda;
    nodes.featureIndex[node] = -1;
    nodes.threshold[node] = 0;
    nodes.left[node] = -1;
    nodes.right[node] = -1;
    nodes.missingLeft[node] = 0;
    nodes.gain[node] = 0;
    nodes.value[node] = denominator > 0 ? (-this.#limits.learningRate * gradient) / denominator : 0;
    nodes.begin[node] = begin;
    nodes.end[node] = end;
    nodes.cover[node] = end - begin;
    if (this.#weights === null) return;
    let weight = 0;
    for (let i = begin; i < end; i++) weight += this.#weights[this.#rows.index[i]!]!;
    nodes.cover[node] = weight;
  }

  #makeSplit(node: number, rows: number): number {
    const { feature, bin, missingLeft, gain } = this.#best;
    const nodes = this.#nodes;
    const cuts = this.#table.cuts[feature]!;
    const left = this.#nodeCount;
    this.#nodeCount += 2;
    nodes.featureIndex[node] = feature;
    // Past the last cut the split is "present or missing".
    nodes.threshold[node] = bin < cuts.length ? cuts[bin]! : Number.POSITIVE_INFINITY;
    nodes.splitCode[node] = bin;
    nodes.left[node] = left;
    nodes.right[node] = left + 1;
    nodes.missingLeft[node] = missingLeft ? 1 : 0;
    nodes.gain[node] = gain;
    nodes.value[node] = 0;
    nodes.cover[node] = rows;
    return left;
  }

  /** Moves the rows that go left to the front, both sides keeping their order, and returns where the right begins. */
  #partition(begin: number, end: number, codes: Uint8Array, bin: number, missingLeft: boolean): number {
    const { index } = this.#rows;
    const spill = this.#spill;
    // A look-up per code instead of comparisons: no branch to mispredict.
    const goesRight = this.#goesRight;
    goesRight.fill(0, 0, bin + 1);
    goesRight.fill(1, bin + 1);
    if (missingLeft) goesRight[this.#table.cuts[this.#best.feature]!.length + 1] = 0;
    let write = begin;
    let spilled = 0;
    for (let i = begin; i < end; i++) {
      const row = index[i]!;
      const right = goesRight[codes[row]!]!;
      index[write] = row;
      spill[spilled] = row;
      write += 1 - right;
      spilled += right;
    }
    for (let i = 0; i < spilled; i++) index[write + i] = spill[i]!;
    return write;
  }
}

/** Sum of `pairs[offset]`, `pairs[offset + 2]`, … */
function sumOfEvery(pairs: Float64Array, offset: 0 | 1, count: number): number {
  let sum = 0;
  for (let i = 0; i < count; i++) sum += pairs[2 * i + offset]!;
  return sum;
}

interface NodeBuffers {
  readonly featureIndex: Int32Array;
  readonly threshold: Float32Array;
  readonly left: Int32Array;
  readonly right: Int32Array;
  readonly missingLeft: Uint8Array;
  readonly value: Float32Array;
  readonly cover: Float64Array;
  readonly gain: Float32Array;
  readonly splitCode: Uint8Array;
  readonly begin: Uint32Array;
  readonly end: Uint32Array;
}

function mostNodes(rows: number, limits: GrowthLimits): number {
  const leaves = Math.max(1, Math.floor(rows / Math.max(1, limits.minRowsPerLeaf)));
  return 2 * Math.min(2 ** limits.maxDepth, leaves) - 1;
}

function nodeBuffers(size: number): NodeBuffers {
  return {
    featureIndex: new Int32Array(size),
    threshold: new Float32Array(size),
    left: new Int32Array(size),
    right: new Int32Array(size),
    missingLeft: new Uint8Array(size),
    value: new Float32Array(size),
    cover: new Float64Array(size),
    gain: new Float32Array(size),
    splitCode: new Uint8Array(size),
    begin: new Uint32Array(size),
    end: new Uint32Array(size),
  };
}

function finish(nodes: NodeBuffers, count: number): GrownTree {
  return {
    tree: {
      featureIndex: nodes.featureIndex.slice(0, count),
      threshold: nodes.threshold.slice(0, count),
      left: nodes.left.slice(0, count),
      right: nodes.right.slice(0, count),
      missingLeft: nodes.missingLeft.slice(0, count),
      value: nodes.value.slice(0, count),
      cover: nodes.cover.slice(0, count),
      gain: nodes.gain.slice(0, count),
    },
    splitCode: nodes.splitCode.slice(0, count),
  };
}
