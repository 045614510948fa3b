import type { Tree, TreeEnsemble } from './tree-ensemble.ts';

/** Rows copied together: small enough for the first cache level, large enough to keep a tree's nodes there. */
const blockRows = 256;

/**
 * Raw scores of rows, row after row with one number per output. Columns are in the order of `model.features`; `rows`
 * chooses rows and their order, default all.
 */
export function predictScores(model: TreeEnsemble, columns: readonly Float32Array[], rows?: Uint32Array): Float64Array {
  checkColumns(model, columns);
  const outputs = model.baseScore.length;
  const width = columns.length;
  const count = rows === undefined ? columns[0]!.length : rows.length;
  const scores = new Float64Array(count * outputs);
  const block = new Float32Array(blockRows * width);
  for (let begin = 0; begin < count; begin += blockRows) {
    const size = Math.min(blockRows, count - begin);
    for (let f = 0; f < width; f++) copyColumn(columns[f]!, rows, begin, size, block, f, width);
    for (let i = begin * outputs; i < (begin + size) * outputs; i++) scores[i] = model.baseScore[i % outputs]!;
    for (let t = 0; t < model.trees.length; t++) {
      addTree(model.trees[t]!, block, width, size, scores, begin * outputs + (t % outputs), outputs);
    }
  }
  return scores;
}

function copyColumn(
  column: Float32Array,
  rows: Uint32Array | undefined,
  begin: number,
  size: number,
  block: Float32Array,
  feature: number,
  width: number,
): void {
  for (let i = 0, k = feature; i < size; i++, k += width) {
    block[k] = column[rows === undefined ? begin + i : rows[begin + i]!]!;
  }
}

/**
 * Predictions of rows: the probability of the second class for `binary`, one probability per class for `multiclass`,
 * else the predicted value. Layout as for `predictScores`.
 */
export function predictEnsemble(
  model: TreeEnsemble,
  columns: readonly Float32Array[],
  rows?: Uint32Array,
): Float64Array {
  return applyLink(model, predictScores(model, columns, rows));
}

/** Turns raw scores into predictions, in place. */
export function applyLink(model: Pick<TreeEnsemble, 'objective' | 'baseScore'>, scores: Float64Array): Float64Array {
  if (model.objective === 'binary') {
    for (let i = 0; i < scores.length; i++) scores[i] = 1 / (1 + Math.exp(-scores[i]!));
  } else if (model.objective === 'poisson') {
    for (let i = 0; i < scores.length; i++) scores[i] = Math.exp(scores[i]!);
  } else if (model.objective === 'multiclass') {
    softmax(scores, model.baseScore.length);
  }
  return scores;
}

function softmax(scores: Float64Array, classes: number): void {
  for (let begin = 0; begin < scores.length; begin += classes) {
    const end = begin + classes;
    let most = scores[begin]!;
    for (let i = begin + 1; i < end; i++) most = Math.max(most, scores[i]!);
    let sum = 0;
    for (let i = begin; i < end; i++) {
      const power = Math.exp(scores[i]! - most);
      scores[i] = power;
      sum += power;
    }
    for (let i = begin; i < end; i++) scores[i]! /= sum;
  }
}

function addTree(
  tree: Tree,
  block: Float32Array,
  width: number,
  size: number,
  scores: Float64Array,
  offset: number,
  outputs: number,
): void {
  const { featureIndex, threshold, left, right, missingLeft, value } = tree;
  for (let i = 0, base = 0, k = offset; i < size; i++, base += width, k += outputs) {
    let node = 0;
    for (let feature = featureIndex[0]!; feature >= 0; feature = featureIndex[node]!) {
      const x = block[base + feature]!;
      const goesLeft = x <= threshold[node]! || (Number.isNaN(x) && missingLeft[node] === 1);
      node = goesLeft ? left[node]! : right[node]!;
    }
    scores[k]! += value[node]!;
  }
}

/** Throws a RangeError when the columns cannot be those of the model. */
export function checkColumns(model: TreeEnsemble, columns: readonly Float32Array[]): void {
  if (columns.length !== model.features.length) {
    throw new RangeError(`Expected ${model.features.length} columns, got ${columns.length}`);
  }
  for (const [f, column] of columns.entries()) {
    if (column.length !== columns[0]!.length) {
      throw new RangeError(
        `Column ${model.features[f]} has ${column.length} rows, the first column ${columns[0]!.length}`,
      );
    }
  }
}
