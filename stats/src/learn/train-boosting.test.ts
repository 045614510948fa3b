import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { createRandom } from '../sampling/random.ts';
import type { BoostingData } from './boosting-data.ts';
import type { BoostingOptions } from './boosting-options.ts';
import { encodeEnsemble } from './encode-ensemble.ts';
import { predictEnsemble, predictScores } from './predict-ensemble.ts';
import { trainBoosting } from './train-boosting.ts';

/** Every tree leaf holds what plain arithmetic gives: no shrinkage, no penalty, no limits. */
const exact = { learningRate: 1, lambda: 0, minRowsPerLeaf: 1, minHessian: 0 } as const;

function table(rows: number, width: number, seed: number, missing = 0.1): Float32Array[] {
  const { uniform: random } = createRandom(seed);
  return Array.from({ length: width }, (_, f) =>
    Float32Array.from({ length: rows }, () => {
      if (random() < missing) return Number.NaN;
      return f % 2 === 0 ? Math.floor(random() * 9) : random() * 4 - 2;
    }),
  );
}

/** Labels that depend on two columns, on missingness and on chance. */
function noisyLabels(columns: readonly Float32Array[], seed: number): Float32Array {
  const { uniform: random } = createRandom(seed);
  return Float32Array.from(columns[0]!, (x, i) => {
    const score = (Number.isNaN(x) ? 1 : x / 4 - 1) + columns[1]![i]!;
    return random() < 1 / (1 + Math.exp(-(Number.isNaN(score) ? 1 : score))) ? 1 : 0;
  });
}

interface Split {
  feature: number;
  threshold: number;
  missingLeft: boolean;
  gain: number;
}

/** The best split of squared error by trying every threshold, feature and side for missing values. */
function bestByForce(columns: readonly Float32Array[], labels: Float32Array, lambda: number, leastRows: number) {
  const mean = Math.fround(labels.reduce((a, b) => a + b, 0) / labels.length);
  const score = (rows: number[]) => {
    const gradient = rows.reduce((sum, i) => sum + (mean - labels[i]!), 0);
    return (gradient * gradient) / (rows.length + lambda);
  };
  const everyone = Array.from(labels, (_, i) => i);
  let best: Split | null = null;
  for (const [feature, column] of columns.entries()) {
    for (const threshold of new Set([...column.filter((x) => !Number.isNaN(x)), Number.POSITIVE_INFINITY])) {
      for (const missingLeft of [false, true]) {
        const left = everyone.filter((i) => column[i]! <= threshold || (Number.isNaN(column[i]!) && missingLeft));
        const right = everyone.filter((i) => !left.includes(i));
        if (Math.min(left.length, right.length) < leastRows) continue;
        const gain = score(left) + score(right) - score(everyone);
        if (gain > (best?.gain ?? 0)) best = { feature, threshold, missingLeft, gain };
      }
    }
  }
  return best;
}

describe('trainBoosting', () => {
  it('gives the gain and leaf values of the formulas on eight rows', () => {
    const columns = [Float32Array.of(1, 2, 3, 4, 5, 6, 7, 8)];
    const labels = Float32Array.of(1, 1, 2, 2, 9, 9, 10, 10);
    const options = {
      objective: 'squared_error',
      trees: 1,
      maxDepth: 1,
      learningRate: 0.5,
      minRowsPerLeaf: 1,
    } as const;
    const { model } = trainBoosting({ columns, labels }, options);
    // Mean 5.5: gradients 4.5 4.5 3.5 3.5 | -3.5 -3.5 -4.5 -4.5, so GL = 16, GR = -16, G = 0, and lambda is 1.
    const [tree] = model.trees;
    assert.deepEqual(model.baseScore, [5.5]);
    assert.deepEqual([...tree!.featureIndex], [0, -1, -1]);
    assert.equal(tree!.threshold[0], 4);
    assert.equal(tree!.gain[0], Math.fround(256 / 5 + 256 / 5));
    assert.deepEqual([...tree!.value], [0, Math.fround(-0.5 * (16 / 5)), Math.fround(0.5 * (16 / 5))]);
    assert.deepEqual([...tree!.cover], [8, 4, 4]);
  });

  it('gives the gain and leaf values of logistic loss', () => {
    const columns = [Float32Array.of(0, 0, 0, 0, 1, 1, 1, 1)];
    const labels = Float32Array.of(0, 0, 0, 1, 0, 1, 1, 1);
    const { model } = trainBoosting({ columns, labels }, { ...exact, objective: 'binary', trees: 1, lambda: 2 });
    // p = 1/2: gradients are ±1/2, hessians 1/4; left 3·0.5 − 0.5 = 1 over 4/4.
    assert.equal(model.baseScore[0], 0);
    assert.deepEqual([...model.trees[0]!.value], [0, Math.fround(-1 / 3), Math.fround(1 / 3)]);
    assert.equal(model.trees[0]!.gain[0], Math.fround(1 / 3 + 1 / 3));
  });

  it('finds the split that trying every split finds', () => {
    const value = fc.oneof(
      { weight: 4, arbitrary: fc.integer({ min: 0, max: 6 }) },
      { arbitrary: fc.constant(NaN), weight: 1 },
    );
    const row = fc.tuple(value, value, value, fc.integer({ min: 0, max: 20 }));
    fc.assert(
      fc.property(fc.array(row, { minLength: 4, maxLength: 40 }), fc.integer({ min: 1, max: 4 }), (rows, leastRows) => {
        const columns = [0, 1, 2].map((f) => Float32Array.from(rows, (r) => r[f]!));
        const labels = Float32Array.from(rows, (r) => r[3]);
        const options = { objective: 'squared_error', trees: 1, maxDepth: 1, minRowsPerLeaf: leastRows } as const;
        const tree = trainBoosting({ columns, labels }, options).model.trees[0]!;
        const best = bestByForce(columns, labels, 1, leastRows);
        const gain = tree.gain[0]!;
        assert.ok(Math.abs(gain - (best?.gain ?? 0)) <= 1e-5 * (1 + gain), `${gain} instead of ${best?.gain}`);
      }),
      { numRuns: 150 },
    );
  });

  it('never raises the training loss with a small enough rate and all rows', () => {
    const columns = table(2000, 5, 1);
    const labels = noisyLabels(columns, 2);
    for (const objective of ['binary', 'squared_error', 'multiclass', 'poisson'] as const) {
      const { train } = trainBoosting({ columns, labels }, { objective, trees: 60, learningRate: 0.3 }).history;
      for (let i = 1; i < train.length; i++) assert.ok(train[i]! <= train[i - 1]! + 1e-7, `${objective}, round ${i}`);
      assert.ok(train.at(-1)! < train[0]!);
    }
  });

  it('gives one tree per class and probabilities that sum to one', () => {
    const columns = table(1500, 4, 3);
    const labels = columns[0]!.map((x) => (Number.isNaN(x) ? 3 : Math.floor(x / 3)));
    const { model } = trainBoosting({ columns, labels }, { objective: 'multiclass', trees: 20 });
    assert.equal(model.trees.length, 80);
    const probabilities = predictEnsemble(model, columns);
    for (let i = 0; i < labels.length; i++) {
      const own = [...probabilities.subarray(4 * i, 4 * i + 4)];
      assert.ok(Math.abs(own.reduce((a, b) => a + b, 0) - 1) < 1e-12);
      assert.equal(own.indexOf(Math.max(...own)), labels[i]);
    }
  });

  it('learns where missing values go', () => {
    const columns = [Float32Array.of(1, 2, 3, 4, Number.NaN, Number.NaN)];
    const options = { ...exact, objective: 'squared_error', trees: 1 } as const;
    const low = trainBoosting(
      { columns, labels: Float32Array.of(0, 0, 9, 9, 0, 0) },
      { ...options, maxDepth: 1 },
    ).model;
    const high = trainBoosting(
      { columns, labels: Float32Array.of(0, 0, 9, 9, 9, 9) },
      { ...options, maxDepth: 1 },
    ).model;
    const alone = trainBoosting(
      { columns, labels: Float32Array.of(0, 0, 0, 0, 9, 9) },
      { ...options, maxDepth: 1 },
    ).model;
    const ask = [Float32Array.of(2, 3, Number.NaN, 1e30)];
    assert.deepEqual([...predictEnsemble(low, ask)].map(Math.round), [0, 9, 0, 9]);
    assert.deepEqual([...predictEnsemble(high, ask)].map(Math.round), [0, 9, 9, 9]);
    assert.deepEqual([...predictEnsemble(alone, ask)].map(Math.round), [0, 0, 9, 0]);
  });

  it('sends missing values that training never saw to the larger side', () => {
    const columns = [Float32Array.of(1, 2, 3, 4, 5)];
    const { model } = trainBoosting(
      { columns, labels: Float32Array.of(0, 0, 9, 9, 9) },
      { ...exact, objective: 'squared_error', trees: 1, maxDepth: 1 },
    );
    assert.equal(Math.round(predictEnsemble(model, [Float32Array.of(Number.NaN)])[0]!), 9);
  });

  it('ends with the scores that prediction gives, for rows, held-out rows and samples alike', () => {
    const columns = table(3000, 6, 5);
    const labels = noisyLabels(columns, 6);
    const held = Uint32Array.from({ length: 600 }, (_, i) => i * 5);
    for (const rowSubsample of [1, 0.6]) {
      const options = { objective: 'binary', trees: 25, rowSubsample, columnSubsample: 0.7 } as const;
      const { model, history } = trainBoosting({ columns, labels, validation: { rows: held } }, options);
      const probabilities = predictEnsemble(model, columns);
      const lossOf = (rows: number[]) => {
        const losses = rows.map((i) => -Math.log(labels[i] === 1 ? probabilities[i]! : 1 - probabilities[i]!));
        return losses.reduce((a, b) => a + b, 0) / rows.length;
      };
      const inside = [...labels.keys()].filter((i) => i % 5 !== 0);
      assert.ok(Math.abs(lossOf(inside) - history.train.at(-1)!) < 1e-9);
      assert.ok(Math.abs(lossOf([...held]) - history.validation.at(-1)!) < 1e-9);
    }
  });

  it('gives the same bytes for the same seed and others for another', () => {
    const columns = table(2000, 6, 7);
    const labels = noisyLabels(columns, 8);
    const run = (seed: number) =>
      encodeEnsemble(
        trainBoosting(
          { columns, labels },
          { objective: 'binary', trees: 10, rowSubsample: 0.5, columnSubsample: 0.5, seed },
        ).model,
      );
    assert.equal(run(1), run(1));
    assert.notEqual(run(1), run(2));
  });

  it('gives the same trees when every row is there twice with half the weight', () => {
    const columns = table(1000, 5, 9);
    const labels = noisyLabels(columns, 10);
    const weights = Float32Array.from(labels, (_, i) => 1 + (i % 3));
    const twice = (x: Float32Array) => Float32Array.from([...x, ...x]);
    const options = { objective: 'binary', trees: 15 } as const;
    const once = trainBoosting({ columns, labels, weights }, { ...options, minRowsPerLeaf: 10 }).model;
    const doubled = trainBoosting(
      { columns: columns.map(twice), labels: twice(labels), weights: twice(weights).map((w) => w / 2) },
      { ...options, minRowsPerLeaf: 20 },
    ).model;
    for (const [t, tree] of once.trees.entries()) {
      const other = doubled.trees[t]!;
      assert.deepEqual(other.featureIndex, tree.featureIndex);
      assert.deepEqual(other.threshold, tree.threshold);
      assert.deepEqual(other.missingLeft, tree.missingLeft);
      assert.deepEqual(other.cover, tree.cover);
      for (const [i, value] of tree.value.entries()) assert.ok(Math.abs(value - other.value[i]!) < 1e-6);
    }
  });

  it('gives the same predictions when the columns change places', () => {
    const columns = table(1200, 4, 12);
    const labels = noisyLabels(columns, 13);
    const options = { objective: 'binary', trees: 15 } as const;
    const order = [2, 0, 3, 1];
    const moved = order.map((f) => columns[f]!);
    const straight = predictScores(trainBoosting({ columns, labels }, options).model, columns);
    assert.deepEqual(predictScores(trainBoosting({ columns: moved, labels }, options).model, moved), straight);
  });

  it('stops early at the best round and keeps only the trees up to it', () => {
    const columns = table(600, 5, 14);
    const labels = noisyLabels(columns, 15);
    const validation = { columns: table(600, 5, 16), labels: noisyLabels(table(600, 5, 16), 17) };
    const options = { objective: 'binary', trees: 500, learningRate: 0.3, earlyStoppingRounds: 8 } as const;
    const { model, history, bestIteration, ended } = trainBoosting({ columns, labels, validation }, options);
    assert.equal(ended, 'early');
    assert.equal(model.trees.length, bestIteration);
    assert.equal(history.validation.length, bestIteration + 8);
    assert.equal(Math.min(...history.validation), history.validation[bestIteration - 1]);
  });

  it('reports every round and ends when told to', () => {
    const columns = table(500, 3, 18);
    const seen: number[] = [];
    const { model, ended } = trainBoosting(
      { columns, labels: noisyLabels(columns, 19) },
      { objective: 'binary', onProgress: ({ round }) => seen.push(round), shouldStop: () => seen.length === 7 },
    );
    assert.equal(ended, 'stopped');
    assert.equal(model.trees.length, 7);
    assert.deepEqual(seen, [1, 2, 3, 4, 5, 6, 7]);
  });

  it('fits the median and other quantiles', () => {
    const { uniform: random } = createRandom(20);
    const column = Float32Array.from({ length: 4000 }, () => Math.floor(random() * 4));
    const labels = column.map((x) => x * 10 + random() ** 3);
    const share = (options: BoostingOptions) => {
      const predictions = predictEnsemble(trainBoosting({ columns: [column], labels }, options).model, [column]);
      return labels.filter((y, i) => y <= predictions[i]!).length / labels.length;
    };
    assert.ok(Math.abs(share({ objective: 'absolute_error', trees: 200 }) - 0.5) < 0.02);
    assert.ok(Math.abs(share({ objective: 'quantile', quantile: 0.9, trees: 200 }) - 0.9) < 0.02);
  });

  it('keeps to 255 bins when a column has more values, and still uses each heavy value', () => {
    const { uniform: random } = createRandom(21);
    const column = Float32Array.from({ length: 20_000 }, (_, i) => (i % 2 === 0 ? 0 : Math.fround(random())));
    const labels = column.map((x) => (x === 0 ? 1 : 0));
    const { model } = trainBoosting({ columns: [column], labels }, { objective: 'binary', trees: 1, maxDepth: 1 });
    assert.equal(model.trees[0]!.threshold[0], 0);
  });

  it('trains on one row, on constant columns and on columns without any value', () => {
    const one = trainBoosting(
      { columns: [Float32Array.of(3)], labels: Float32Array.of(5) },
      { objective: 'squared_error' },
    );
    assert.deepEqual([...predictEnsemble(one.model, [Float32Array.of(1, Number.NaN)])], [5, 5]);
    const columns = [new Float32Array(50).fill(Number.NaN), new Float32Array(50).fill(2)];
    const labels = Float32Array.from({ length: 50 }, (_, i) => i % 2);
    const { model } = trainBoosting({ columns, labels }, { objective: 'binary', trees: 3 });
    assert.ok(model.trees.every((tree) => tree.left.length === 1));
  });

  it('names everything that is wrong with the input', () => {
    const data: BoostingData = {
      columns: [new Float32Array(3), new Float32Array(2)],
      labels: Float32Array.of(0, 1, 2),
    };
    const options = { objective: 'binary', trees: 0, learningRate: 2 } as const;
    assert.throws(() => trainBoosting(data, options), /trees: .*learningRate: .*columns\[1\]: expected 3 rows, got 2/);
    const labelled = { columns: [new Float32Array(3)], labels: Float32Array.of(0, 1, 2) };
    assert.throws(
      () => trainBoosting(labelled, { objective: 'binary' }),
      /labels\[2\]: expected a class from 0 to 1, got 2/,
    );
  });
});
