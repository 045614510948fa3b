import { createRandom } from '../sampling/random.ts';
import { type BoostingData, type SelectedRows, selectBoostingRows } from './boosting-data.ts';
import { type BoostingLoss, boostingLoss } from './boosting-loss.ts';
import { type BoostingOptions, type BoostingSettings, boostingSettings } from './boosting-options.ts';
import { type BinnedTable, binColumns, chooseCuts } from './feature-bins.ts';
import type { Tree, TreeEnsemble } from './tree-ensemble.ts';
import { type GrownTree, TreeGrower } from './tree-grower.ts';

/** A trained ensemble and how it got there. */
export interface BoostingResult {
  readonly model: TreeEnsemble;
  /** Mean loss after each round; `validation` is empty without validation rows. */
  readonly history: { readonly train: readonly number[]; readonly validation: readonly number[] };
  /**
   * The round, from 1, with the lowest validation loss; the last one without validation rows. With early stopping the
   * model holds the rounds up to it.
   */
  readonly bestIteration: number;
  /** Why training ended: all rounds done, the validation loss stopped improving, or `shouldStop` said so. */
  readonly ended: 'completed' | 'early' | 'stopped';
}

interface ScoredTable {
  readonly rows: SelectedRows;
  readonly table: BinnedTable;
  /** Output after output, one score per row. */
  readonly scores: Float64Array;
}

/**
 * Histogram gradient boosting (Friedman 2001; Chen & Guestrin 2016; Ke et al. 2017) of depth-wise trees with learned
 * directions for missing values. Thresholds are float32 values of the columns, so the model gives the same routes in
 * ONNX. The same data, options and seed give the same model, bit by bit.
 *
 * @throws RangeError naming every option, column or label that cannot be used.
 */
export function trainBoosting(data: BoostingData, options: BoostingOptions): BoostingResult {
  const [settings, wrong] = boostingSettings(options);
  const { train, validation, features, classes } = selectBoostingRows(data, settings, wrong);
  const loss = boostingLoss(settings.objective, classes.length, settings.quantile);
  const baseScore = loss.startScores(train).map(Math.fround);
  const cuts = chooseCuts(train.columns, train.rows, settings.maxBins, settings.seed);
  const trained = scoredTable(train, cuts, baseScore);
  const watched = validation === null ? null : scoredTable(validation, cuts, baseScore);
  const run = boost(trained, watched, loss, settings, options);
  const kept = settings.earlyStoppingRounds > 0 ? run.bestIteration : run.rounds;
  return {
    model: {
      version: 1,
      objective: settings.objective,
      features,
      classes,
      baseScore,
      trees: run.trees.slice(0, kept * loss.outputs),
    },
    history: { train: run.train, validation: run.validation },
    bestIteration: run.bestIteration,
    ended: run.ended,
  };
}

function scoredTable(rows: SelectedRows, cuts: readonly Float32Array[], baseScore: readonly number[]): ScoredTable {
  const table = binColumns(rows.columns, rows.rows, cuts);
  const scores = new Float64Array(table.rows * baseScore.length);
  for (const [k, start] of baseScore.entries()) scores.fill(start, k * table.rows, (k + 1) * table.rows);
  return { rows, table, scores };
}

interface BoostingRun {
  trees: Tree[];
  train: number[];
  validation: number[];
  rounds: number;
  bestIteration: number;
  ended: BoostingResult['ended'];
}

function boost(
  train: ScoredTable,
  watched: ScoredTable | null,
  loss: BoostingLoss,
  settings: BoostingSettings,
  options: BoostingOptions,
): BoostingRun {
  const run: BoostingRun = { trees: [], train: [], validation: [], rounds: 0, bestIteration: 0, ended: 'completed' };
  const round = new BoostingRound(train, watched, loss, settings);
  let best = Number.POSITIVE_INFINITY;
  while (run.rounds < settings.trees) {
    if (options.shouldStop?.() === true) {
      run.ended = 'stopped';
      break;
    }
    const [trees, trainLoss] = round.next();
    run.trees.push(...trees);
    run.train.push(trainLoss);
    run.rounds++;
    const validationLoss = watched === null ? null : loss.meanLoss(watched.rows, watched.scores);
    if (validationLoss !== null) run.validation.push(validationLoss);
    // Without validation rows the last round counts as the best.
    if (validationLoss === null || validationLoss < best) {
      best = validationLoss ?? best;
      run.bestIteration = run.rounds;
    }
    options.onProgress?.({ round: run.rounds, rounds: settings.trees, trainLoss, validationLoss });
    const patience = settings.earlyStoppingRounds;
    if (patience > 0 && run.rounds - run.bestIteration >= patience) {
      run.ended = 'early';
      break;
    }
  }
  return run;
}

/** The state that lasts from round to round. */
class BoostingRound {
  readonly #train: ScoredTable;
  readonly #watched: ScoredTable | null;
  readonly #loss: BoostingLoss;
  readonly #settings: BoostingSettings;
  readonly #grower: TreeGrower;
  readonly #derivatives: Float64Array;
  readonly #allRows: Uint32Array;
  readonly #allFeatures: Int32Array;
  readonly #random: () => number;

  constructor(train: ScoredTable, watched: ScoredTable | null, loss: BoostingLoss, settings: BoostingSettings) {
    const { rows } = train.table;
    this.#train = train;
    this.#watched = watched;
    this.#loss = loss;
    this.#settings = settings;
    this.#grower = new TreeGrower(train.table, settings, train.rows.weights);
    this.#derivatives = new Float64Array(rows * 2);
    this.#allRows = Uint32Array.from({ length: rows }, (_, i) => i);
    this.#allFeatures = Int32Array.from(train.table.cuts, (_, f) => f);
    this.#random = createRandom(settings.seed).uniform;
    this.#loss.gradients(train.rows, train.scores, 0, this.#derivatives);
  }

  /** Grows the trees of one round and returns them with the training loss after it. */
  next(): [Tree[], number] {
    const { rows, scores } = this.#train;
    const trees: Tree[] = [];
    const sample = this.#sampleRows();
    for (let k = 0; k < this.#loss.outputs; k++) {
      if (k > 0) this.#loss.gradients(rows, scores, k, this.#derivatives);
      trees.push(this.#growOne(k, sample));
    }
    const trainLoss = this.#loss.gradients(rows, scores, 0, this.#derivatives);
    return [trees, trainLoss];
  }

  #growOne(output: number, sample: Uint32Array): Tree {
    const { table, scores, rows } = this.#train;
    const own = scores.subarray(output * table.rows, (output + 1) * table.rows);
    const grown = this.#grower.grow(this.#derivatives, sample, this.#sampleFeatures());
    const { leafValue } = this.#loss;
    if (leafValue !== undefined) this.#grower.refitLeaves(grown.tree, (leaf) => leafValue(rows, own, leaf));
    if (sample.length === table.rows) this.#grower.addLeafValues(grown.tree, own);
    else addTree(grown, table, own);
    if (this.#watched !== null) {
      const { table: other, scores: otherScores } = this.#watched;
      addTree(grown, other, otherScores.subarray(output * other.rows, (output + 1) * other.rows));
    }
    return grown.tree;
  }

  #sampleRows(): Uint32Array {
    const rate = this.#settings.rowSubsample;
    if (rate >= 1) return this.#allRows;
    const sample = new Uint32Array(this.#allRows.length);
    let taken = 0;
    for (let row = 0; row < sample.length; row++) if (this.#random() < rate) sample[taken++] = row;
    // A tree needs at least one row.
    return taken === 0 ? sample.subarray(0, 1) : sample.subarray(0, taken);
  }

  #sampleFeatures(): Int32Array {
    const rate = this.#settings.columnSubsample;
    if (rate >= 1) return this.#allFeatures;
    const shuffled = this.#allFeatures.slice();
    const wanted = Math.max(1, Math.round(rate * shuffled.length));
    for (let i = 0; i < wanted; i++) {
      const j = i + Math.floor(this.#random() * (shuffled.length - i));
      const other = shuffled[j]!;
      shuffled[j] = shuffled[i]!;
      shuffled[i] = other;
    }
    return shuffled.subarray(0, wanted).sort();
  }
}

/** Adds a tree's values to the scores of binned rows. */
function addTree({ tree, splitCode }: GrownTree, table: BinnedTable, scores: Float64Array): void {
  const { featureIndex, left, missingLeft, value } = tree;
  const { codes, rows, cuts } = table;
  const nodes = featureIndex.length;
  // One byte per node and code says where the code goes: no branch to mispredict.
  const goesRight = new Uint8Array(nodes * 256);
  const start = new Float64Array(nodes);
  for (let node = 0; node < nodes; node++) {
    const feature = featureIndex[node]!;
    if (feature < 0) continue;
    goesRight.fill(1, node * 256 + splitCode[node]! + 1, (node + 1) * 256);
    if (missingLeft[node] === 1) goesRight[node * 256 + cuts[feature]!.length + 1] = 0;
    start[node] = feature * rows;
  }
  for (let row = 0; row < rows; row++) {
    let node = 0;
    for (let next = left[0]!; next >= 0; next = left[node]!) {
      node = next + goesRight[node * 256 + codes[start[node]! + row]!]!;
    }
    scores[row]! += value[node]!;
  }
}
