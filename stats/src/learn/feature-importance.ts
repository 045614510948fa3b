import { createRandom } from '../sampling/random.ts';
import type { LabelledColumns } from './boosting-data.ts';
import { boostingLoss } from './boosting-loss.ts';
import { predictScores } from './predict-ensemble.ts';
import type { TreeEnsemble } from './tree-ensemble.ts';

/** Share of each feature in the loss reduction of all splits; sums to 1 unless no tree splits. */
export function gainImportance(model: TreeEnsemble): Float64Array {
  const gains = new Float64Array(model.features.length);
  for (const { featureIndex, gain } of model.trees) {
    for (let node = 0; node < gain.length; node++) {
      const feature = featureIndex[node]!;
      if (feature >= 0) gains[feature]! += gain[node]!;
    }
  }
  const total = gains.reduce((a, b) => a + b, 0);
  return total > 0 ? gains.map((gain) => gain / total) : gains;
}

/** How to permute. */
export interface PermutationOptions {
  /** Shuffles per feature. Default 5. */
  readonly repeats?: number;
  /** Default 1. */
  readonly seed?: number;
  /** For a model with the objective `quantile`. Default 0.5. */
  readonly quantile?: number;
}

/** What shuffling each feature costs. */
export interface PermutationImportance {
  /** Mean loss of the rows as they are. */
  readonly loss: number;
  /** Rise of the mean loss when a feature's values are shuffled, averaged over the repeats. */
  readonly rise: Float64Array;
  /** Standard deviation of the rise over the repeats. */
  readonly deviation: Float64Array;
}

/**
 * Permutation importance (Breiman 2001; Fisher, Rudin & Dominici 2019) in the model's own loss, on the given rows: use
 * rows that were not trained on.
 */
export function permutationImportance(
  model: TreeEnsemble,
  data: LabelledColumns,
  options: PermutationOptions = {},
): PermutationImportance {
  const { repeats = 5, seed = 1, quantile = 0.5 } = options;
  const outputs = model.baseScore.length;
  const boosted = boostingLoss(model.objective, outputs, quantile);
  const labels = Float64Array.from(data.labels);
  const weights = data.weights === undefined ? null : Float64Array.from(data.weights);
  const rows = { labels, weights, totalWeight: weights?.reduce((a, b) => a + b, 0) ?? labels.length };
  const lossOf = (columns: readonly Float32Array[]) =>
    boosted.meanLoss(rows, outputAfterOutput(predictScores(model, columns), outputs));
  const used = new Set(model.trees.flatMap((tree) => [...tree.featureIndex]));
  const loss = lossOf(data.columns);
  const { uniform: random } = createRandom(seed);
  const rise = new Float64Array(data.columns.length);
  const deviation = new Float64Array(data.columns.length);
  for (const [f, column] of data.columns.entries()) {
    if (!used.has(f)) continue;
    const rises = Array.from({ length: repeats }, () => lossOf(data.columns.with(f, shuffled(column, random))) - loss);
    const mean = rises.reduce((a, b) => a + b, 0) / repeats;
    rise[f] = mean;
    deviation[f] = Math.sqrt(rises.reduce((sum, x) => sum + (x - mean) ** 2, 0) / Math.max(1, repeats - 1));
  }
  return { loss, rise, deviation };
}

/** A copy in random order (Fisher & Yates; Durstenfeld 1964). */
function shuffled(column: Float32Array, random: () => number): Float32Array {
  const copy = column.slice();
  for (let i = copy.length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    const held = copy[i]!;
    copy[i] = copy[j]!;
    copy[j] = held;
  }
  return copy;
}

/** Predictions come row after row, losses read output after output. */
function outputAfterOutput(scores: Float64Array, outputs: number): Float64Array {
  if (outputs === 1) return scores;
  const rows = scores.length / outputs;
  return Float64Array.from(scores, (_, i) => scores[(i % rows) * outputs + Math.floor(i / rows)]!);
}
