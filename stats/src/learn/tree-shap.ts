import type { QuadratureRule } from './gauss-legendre.ts';
import { interventionalGame, type LeafGame, pathDependentGame, pathRules } from './leaf-game.ts';
import { type LeafPath, leafPaths, passMasks } from './leaf-path.ts';
import { checkColumns } from './predict-ensemble.ts';
import type { TreeEnsemble } from './tree-ensemble.ts';

/** What each feature adds to the raw score of each row. */
export interface ShapValues {
  readonly rows: number;
  readonly outputs: number;
  readonly features: number;
  /** Entry `(row · outputs + output) · features + feature`. */
  readonly values: Float64Array;
  /** Expected score of each output; a row's values and this add up to its score. */
  readonly base: Float64Array;
}

/** Against what to explain. */
export interface TreeExplainerOptions {
  /**
   * Columns of background rows: explain against them ("interventional"). Without, features outside a coalition follow
   * the training rows down the tree ("path-dependent").
   */
  readonly background?: readonly Float32Array[];
}

/** Whom and against what to explain. */
export interface TreeShapOptions extends TreeExplainerOptions {
  /** Rows of the columns, default all. */
  readonly rows?: Uint32Array;
}

/** Explains rows of one model; what does not depend on the rows is done once. */
export type TreeExplainer = (columns: readonly Float32Array[], rows?: Uint32Array) => ShapValues;

/** Paths of up to this many features keep what they computed for a mask: 2^10 · 10 numbers. */
const tableFeatures = 10;
const blockRows = 2048;

/**
 * Exact Shapley values of an ensemble's raw scores (TreeSHAP: Lundberg et al. 2020). Each leaf is a game of the few
 * features on its path; rows that pass the same of them share one result, so cost per row is a look-up per leaf.
 */
export function treeShap(
  model: TreeEnsemble,
  columns: readonly Float32Array[],
  options: TreeShapOptions = {},
): ShapValues {
  return createTreeExplainer(model, options)(columns, options.rows);
}

/** Prepares `treeShap` for a model that answers many calls of few rows. */
export function createTreeExplainer(model: TreeEnsemble, options: TreeExplainerOptions = {}): TreeExplainer {
  const { background } = options;
  if (background !== undefined) checkColumns(model, background);
  const rules = pathRules();
  const outputs = model.baseScore.length;
  const base = Float64Array.from(model.baseScore);
  const games = model.trees.flatMap((tree, t) =>
    leafPaths(tree).map((leaf) => ({ leaf, game: gameOf(leaf, background, rules), output: t % outputs })),
  );
  for (const { game, output } of games) base[output]! += game.base;
  return (columns, rows = Uint32Array.from(columns[0] ?? [], (_, i) => i)) => {
    checkColumns(model, columns);
    const work = new ShapWork(outputs, columns, rows);
    for (const { leaf, game, output } of games) work.addLeaf(leaf, game, output);
    return work.result(base.slice());
  };
}

function gameOf(
  leaf: LeafPath,
  background: readonly Float32Array[] | undefined,
  rules: readonly QuadratureRule[],
): LeafGame {
  if (background === undefined) return pathDependentGame(leaf, rules);
  const everyone = Uint32Array.from(background[0]!, (_, i) => i);
  const masks = new Uint32Array(everyone.length);
  passMasks(leaf, background, everyone, 0, everyone.length, masks);
  return interventionalGame(leaf, masks);
}

/** Sums, feature by feature so that each leaf adds to few contiguous stretches, and the buffers of one call. */
class ShapWork {
  readonly #outputs: number;
  readonly #columns: readonly Float32Array[];
  readonly #rows: Uint32Array;
  readonly #sums: readonly Float64Array[];
  readonly #masks = new Uint32Array(blockRows);
  readonly #table = new Float64Array(2 ** tableFeatures * tableFeatures);
  readonly #known = new Uint8Array(2 ** tableFeatures);
  readonly #own = new Float64Array(32);

  constructor(outputs: number, columns: readonly Float32Array[], rows: Uint32Array) {
    this.#outputs = outputs;
    this.#columns = columns;
    this.#rows = rows;
    this.#sums = Array.from({ length: outputs * columns.length }, () => new Float64Array(rows.length));
  }

  addLeaf(leaf: LeafPath, game: LeafGame, output: number): void {
    const count = leaf.features.length;
    this.#known.fill(0, 0, 2 ** Math.min(count, tableFeatures));
    const sums = Array.from(leaf.features, (f) => this.#sums[output * this.#columns.length + f]!);
    for (let begin = 0; begin < this.#rows.length; begin += blockRows) {
      const size = Math.min(blockRows, this.#rows.length - begin);
      passMasks(leaf, this.#columns, this.#rows, begin, size, this.#masks);
      if (count > tableFeatures) {
        this.#addDirectly(game, sums, begin, size);
        continue;
      }
      this.#fillTable(game, count, size);
      for (let j = 0; j < count; j++) addFromTable(sums[j]!, this.#table, count, j, this.#masks, begin, size);
    }
  }

  result(base: Float64Array): ShapValues {
    const features = this.#columns.length;
    const width = this.#outputs * features;
    const rows = this.#rows.length;
    const values = new Float64Array(rows * width);
    for (const [k, sums] of this.#sums.entries()) {
      for (let row = 0; row < rows; row++) values[row * width + k] = sums[row]!;
    }
    return { rows, outputs: this.#outputs, features, values, base };
  }

  #fillTable(game: LeafGame, count: number, size: number): void {
    for (let i = 0; i < size; i++) {
      const mask = this.#masks[i]!;
      if (this.#known[mask] === 1) continue;
      this.#known[mask] = 1;
      game.contribute(mask, this.#own);
      for (let j = 0; j < count; j++) this.#table[mask * count + j] = this.#own[j]!;
    }
  }

  #addDirectly(game: LeafGame, sums: readonly Float64Array[], begin: number, size: number): void {
    for (let i = 0; i < size; i++) {
      game.contribute(this.#masks[i]!, this.#own);
      for (let j = 0; j < sums.length; j++) sums[j]![begin + i]! += this.#own[j]!;
    }
  }
}

function addFromTable(
  sums: Float64Array,
  table: Float64Array,
  count: number,
  j: number,
  masks: Uint32Array,
  begin: number,
  size: number,
): void {
  for (let i = 0; i < size; i++) sums[begin + i]! += table[masks[i]! * count + j]!;
}
