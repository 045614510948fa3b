import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { sharedDir } from '../../../tools/shared-dir.ts';
import { createRandom } from '../sampling/random.ts';
import { predictScores } from './predict-ensemble.ts';
import { trainBoosting } from './train-boosting.ts';
import type { Tree, TreeEnsemble } from './tree-ensemble.ts';
import { createTreeExplainer, treeShap } from './tree-shap.ts';

interface VectorTree {
  children_left: number[];
  children_right: number[];
  feature: number[];
  threshold: number[];
  value: number[][];
  node_sample_weight: number[];
}

interface XgboostTree {
  left_children: number[];
  right_children: number[];
  split_indices: number[];
  split_conditions: number[];
  default_left: number[];
  sum_hessian: number[];
}

interface VectorCase {
  id: string;
  model: {
    type?: string;
    ref?: string;
    aggregate?: string;
    trees?: VectorTree[];
    learning_rate?: number;
    init?: number;
    json?: { learner: { gradient_booster: { model: { trees: XgboostTree[] } }; objective: { name: string } } };
  };
  background?: number[][] | null;
  x: number[][];
  options?: { feature_perturbation?: string; model_output?: string };
  expected: { base: number | number[]; phi: (number | number[])[][]; margin?: number[] };
  tol: number;
}

/** The largest float32 that is at most x: comparing float32 values with it is comparing them with x. */
function floor32(x: number): number {
  const rounded = Math.fround(x);
  if (rounded <= x) return rounded;
  const view = new DataView(new ArrayBuffer(4));
  view.setFloat32(0, rounded);
  if (rounded === 0) return -1.401298464324817e-45;
  view.setInt32(0, view.getInt32(0) + (rounded > 0 ? -1 : 1));
  return view.getFloat32(0);
}

/** The float32 just below x, for trees that go left when `x < threshold`. */
function below32(x: number): number {
  const rounded = Math.fround(x);
  return floor32(rounded - Math.abs(rounded) * 1e-9 - 1e-46);
}

function sklearnTree(tree: VectorTree, leafValue: (node: number) => number): Tree {
  const isLeaf = (node: number) => tree.children_left[node] === -1;
  const at = <T>(list: T[], leaf: T) => list.map((x, node) => (isLeaf(node) ? leaf : x));
  return {
    featureIndex: Int32Array.from(at(tree.feature, -1)),
    threshold: Float32Array.from(at(tree.threshold, 0), floor32),
    left: Int32Array.from(tree.children_left),
    right: Int32Array.from(tree.children_right),
    missingLeft: new Uint8Array(tree.feature.length),
    value: Float32Array.from(tree.value, (_, node) => (isLeaf(node) ? leafValue(node) : 0)),
    cover: Float64Array.from(tree.node_sample_weight),
    gain: new Float32Array(tree.feature.length),
  };
}

function xgboostTree(tree: XgboostTree): Tree {
  const isLeaf = (node: number) => tree.left_children[node] === -1;
  return {
    featureIndex: Int32Array.from(tree.split_indices, (f, node) => (isLeaf(node) ? -1 : f)),
    threshold: Float32Array.from(tree.split_conditions, (x, node) => (isLeaf(node) ? 0 : below32(x))),
    left: Int32Array.from(tree.left_children),
    right: Int32Array.from(tree.right_children),
    missingLeft: Uint8Array.from(tree.default_left),
    value: Float32Array.from(tree.split_conditions, (x, node) => (isLeaf(node) ? x : 0)),
    cover: Float64Array.from(tree.sum_hessian),
    gain: new Float32Array(tree.default_left.length),
  };
}

function modelOf({ model, x }: VectorCase): TreeEnsemble {
  const about = {
    version: 1,
    objective: 'squared_error',
    classes: [],
    features: x[0]!.map((_, f) => `f${f}`),
  } as const;
  if (model.json !== undefined) {
    const logistic = model.json.learner.objective.name === 'binary:logistic';
    const trees = model.json.learner.gradient_booster.model.trees.map(xgboostTree);
    return { ...about, baseScore: [logistic ? 0 : 0.5], trees };
  }
  const vectors = model.trees!;
  const outputs = vectors[0]!.value[0]!.length;
  const scale = model.aggregate!.startsWith('mean') ? 1 / vectors.length : (model.learning_rate ?? 1);
  const trees = vectors.flatMap((tree) =>
    Array.from({ length: outputs }, (_, k) =>
      sklearnTree(tree, (node) => {
        const own = tree.value[node]!;
        const total = outputs === 1 ? 1 : own.reduce((a, b) => a + b, 0);
        return (scale * own[k]!) / total;
      }),
    ),
  );
  return { ...about, baseScore: new Array<number>(outputs).fill(model.init ?? 0), trees };
}

const columnsOf = (rows: number[][]) => rows[0]!.map((_, f) => Float32Array.from(rows, (row) => row[f] ?? Number.NaN));

/** Shapley values by their definition, over all subsets. */
function shapleyByForce(width: number, worth: (inside: readonly boolean[]) => number): number[] {
  const factorial = (n: number): number => (n < 2 ? 1 : n * factorial(n - 1));
  const insideOf = (subset: number) => Array.from({ length: width }, (_, f) => ((subset >> f) & 1) === 1);
  return Array.from({ length: width }, (_, feature) => {
    let sum = 0;
    for (let subset = 0; subset < 2 ** width; subset++) {
      if ((subset >> feature) & 1) continue;
      const size = insideOf(subset).filter(Boolean).length;
      const weight = (factorial(size) * factorial(width - size - 1)) / factorial(width);
      sum += weight * (worth(insideOf(subset | (1 << feature))) - worth(insideOf(subset)));
    }
    return sum;
  });
}

/** Path-dependent value of a coalition: outside features follow the covers. */
function conditionalScore(model: TreeEnsemble, row: readonly number[], inside: readonly boolean[]): number {
  const visit = (tree: Tree, node: number): number => {
    const feature = tree.featureIndex[node]!;
    if (feature < 0) return tree.value[node]!;
    const left = tree.left[node]!;
    const right = tree.right[node]!;
    const x = row[feature]!;
    if (inside[feature]) {
      const goesLeft = x <= tree.threshold[node]! || (Number.isNaN(x) && tree.missingLeft[node] === 1);
      return visit(tree, goesLeft ? left : right);
    }
    const share = tree.cover[left]! / tree.cover[node]!;
    return share * visit(tree, left) + (1 - share) * visit(tree, right);
  };
  return model.trees.reduce((sum, tree) => sum + visit(tree, 0), model.baseScore[0]!);
}

function trained(rows: number, width: number, seed: number, maxDepth: number, trees = 6) {
  const { uniform: random } = createRandom(seed);
  const columns = Array.from({ length: width }, () =>
    Float32Array.from({ length: rows }, () => (random() < 0.15 ? Number.NaN : Math.floor(random() * 16) / 4)),
  );
  const labels = columns[0]!.map((x, i) => {
    const others = columns.reduce((sum, column) => sum + (Number.isNaN(column[i]!) ? 1 : column[i]!), 0);
    return (Number.isNaN(x) ? 2 : x) * Math.sin(others) + random();
  });
  const options = { objective: 'squared_error', trees, maxDepth, minRowsPerLeaf: 2 } as const;
  return { columns, model: trainBoosting({ columns, labels }, options).model };
}

function rowOf(columns: readonly Float32Array[], i: number): number[] {
  return columns.map((column) => column[i]!);
}

describe('treeShap', () => {
  const folder = sharedDir();
  const skip = folder === null ? 'the reference vectors (../shared) are not beside this checkout' : false;
  const cases: VectorCase[] =
    folder === null ? [] : JSON.parse(readFileSync(join(folder, 'vectors/shap_cases.json'), 'utf8')).cases;
  const treeCases = cases.filter(
    ({ id, model }) => id.startsWith('tree_') && (model.trees ?? model.json) !== undefined,
  );

  it('has reference cases to compare with', { skip }, () => {
    assert.ok(treeCases.length >= 6, `${treeCases.length} cases`);
  });

  for (const vector of treeCases) {
    it(`agrees with the reference on ${vector.id}`, () => {
      const model = modelOf(vector);
      const isInterventional = vector.options?.feature_perturbation === 'interventional';
      const background = isInterventional ? { background: columnsOf(vector.background!) } : {};
      const { values, base, outputs, features } = treeShap(model, columnsOf(vector.x), background);
      // Multi-output bases are one per class; XGBoost repeats its base for each row.
      const wanted = [vector.expected.base].flat();
      for (let k = 0; k < outputs; k++) assert.ok(Math.abs(base[k]! - wanted[k]!) <= vector.tol);
      const phi = vector.expected.phi.flatMap((row, i) => row.map((own, f) => ({ i, f, own: [own].flat() })));
      for (const { i, f, own } of phi) {
        for (const [k, expected] of own.entries()) {
          const got = values[(i * outputs + k) * features + f]!;
          assert.ok(Math.abs(got - expected) <= vector.tol, `row ${i}, feature ${f}: ${got} instead of ${expected}`);
        }
      }
    });
  }

  it('is the path-dependent Shapley value by its definition', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1e6 }), fc.integer({ min: 1, max: 6 }), (seed, depth) => {
        const { columns, model } = trained(120, 5, seed, depth, 3);
        const { values, base } = treeShap(model, columns, { rows: Uint32Array.of(0, 7) });
        for (const [k, i] of [0, 7].entries()) {
          const row = rowOf(columns, i);
          const force = shapleyByForce(5, (inside) => conditionalScore(model, row, inside));
          for (const [f, phi] of force.entries()) assert.ok(Math.abs(phi - values[k * 5 + f]!) < 1e-12);
        }
        const nobody = conditionalScore(model, [0, 0, 0, 0, 0], new Array<boolean>(5).fill(false));
        assert.ok(Math.abs(base[0]! - nobody) < 1e-12);
      }),
      { numRuns: 40 },
    );
  });

  it('is the interventional Shapley value by its definition', () => {
    const { columns, model } = trained(300, 5, 4, 5, 4);
    const background = columns.map((column) => column.slice(100, 130));
    const { values, base } = treeShap(model, columns, { background, rows: Uint32Array.of(0, 1, 2) });
    for (const i of [0, 1, 2]) {
      const row = rowOf(columns, i);
      const force = shapleyByForce(5, (inside) => {
        const mixed = background.map((column, f) => (inside[f] ? new Float32Array(30).fill(row[f]!) : column));
        return predictScores(model, mixed).reduce((a, b) => a + b, 0) / 30;
      });
      for (const [f, phi] of force.entries()) assert.ok(Math.abs(phi - values[i * 5 + f]!) < 1e-12);
    }
    const mean = predictScores(model, background).reduce((a, b) => a + b, 0) / 30;
    assert.ok(Math.abs(base[0]! - mean) < 1e-12);
  });

  it('adds up to the score, for paths longer than its tables too', () => {
    const { columns, model } = trained(6000, 18, 5, 14, 4);
    const width = (tree: Tree) => new Set(tree.featureIndex).size;
    assert.ok(model.trees.some((tree) => width(tree) > 12));
    const scores = predictScores(model, columns);
    for (const options of [{}, { background: columns.map((column) => column.slice(0, 20)) }]) {
      const rows = Uint32Array.from({ length: 300 }, (_, i) => i * 20);
      const { values, base } = treeShap(model, columns, { ...options, rows });
      for (const [i, row] of rows.entries()) {
        const sum = values.subarray(i * 18, i * 18 + 18).reduce((a, b) => a + b, base[0]!);
        assert.ok(Math.abs(sum - scores[row]!) < 1e-10, `row ${row}: ${sum} instead of ${scores[row]}`);
      }
    }
  });

  it('gives nothing to a feature no tree asks about, and the same to a row wherever it stands', () => {
    const { columns, model } = trained(3000, 4, 6, 4);
    const wider = { ...model, features: [...model.features, 'idle'] };
    const all = treeShap(wider, [...columns, new Float32Array(3000).fill(1)]);
    for (let row = 0; row < 3000; row++) assert.equal(all.values[row * 5 + 4], 0);
    const one = treeShap(model, columns, { rows: Uint32Array.of(2999) });
    assert.deepEqual([...one.values], [...all.values.subarray(2999 * 5, 2999 * 5 + 4)]);
  });

  it('gives the same when it is prepared once and asked often', () => {
    const { columns, model } = trained(500, 4, 7, 4);
    for (const options of [{}, { background: columns.map((column) => column.slice(0, 10)) }]) {
      const explain = createTreeExplainer(model, options);
      for (const rows of [Uint32Array.of(3), Uint32Array.of(3, 4, 5)]) {
        assert.deepEqual(explain(columns, rows), treeShap(model, columns, { ...options, rows }));
      }
    }
  });

  it('explains each class of a multi-class model', () => {
    const { columns } = trained(800, 3, 8, 3);
    const labels = columns[0]!.map((x) => (Number.isNaN(x) ? 2 : Math.floor(x) % 3));
    const { model } = trainBoosting({ columns, labels }, { objective: 'multiclass', trees: 5 });
    const { values, base, outputs } = treeShap(model, columns);
    assert.equal(outputs, 3);
    const scores = predictScores(model, columns);
    for (const [k, score] of scores.entries()) {
      const sum = values.subarray(k * 3, k * 3 + 3).reduce((a, b) => a + b, base[k % 3]!);
      assert.ok(Math.abs(sum - score) < 1e-10);
    }
  });
});
