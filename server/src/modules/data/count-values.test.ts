import { deepEqual, equal, ok } from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createRandom } from '@flyball/stats';
import { histogramOf, quantilesOf } from './count-values.ts';
import { binEdges } from './histogram-bins.ts';

const random = createRandom(7);
const numbers = Array.from({ length: 997 }, () => Math.floor(random.uniform() * 60) - 20).sort((a, b) => a - b);
const distinct = [...new Set(numbers)];
const counted = {
  values: Float64Array.from(distinct),
  counts: Float64Array.from(distinct, (value) => numbers.filter((number) => number === value).length),
};

describe('the values of a column, counted', () => {
  it('have the quantiles of all rows', () => {
    for (const { quantile, value } of quantilesOf(counted, [0, 0.01, 0.25, 0.5, 0.75, 0.99, 1])) {
      const place = quantile * (numbers.length - 1);
      const [low, high] = [numbers[Math.floor(place)]!, numbers[Math.ceil(place)]!];
      ok(Math.abs(value - (low + (high - low) * (place % 1))) < 1e-9, `${quantile} is ${value}`);
    }
    const one = { values: Float64Array.of(5), counts: Float64Array.of(3) };
    deepEqual(quantilesOf(one, [0.5]), [{ quantile: 0.5, value: 5 }]);
    deepEqual(quantilesOf({ values: new Float64Array(), counts: new Float64Array() }, [0.5]), []);
  });

  it('fall into the bins that hold every row once', () => {
    const bins = histogramOf(counted, binEdges(numbers[0]!, numbers.at(-1)!, false));
    for (const [i, { low, high, count }] of bins.entries()) {
      const within = numbers.filter((number) => (i === 0 || number > low) && number <= high);
      equal(count, within.length, `above ${low} to ${high}`);
    }
    equal(
      bins.reduce((sum, { count }) => sum + count, 0),
      numbers.length,
    );
  });
});
