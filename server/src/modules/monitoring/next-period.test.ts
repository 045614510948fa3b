import { equal } from 'node:assert/strict';
import { describe, it } from 'node:test';
import { nextPeriodMs } from './next-period.ts';

const hour = 3_600_000;
const question = { evaluatedMs: null, startMs: 10.5 * hour, watermarkMs: 100 * hour, everyMs: hour };

describe('the next period of a monitor', () => {
  it('begins with the log, or follows the last one', () => {
    equal(nextPeriodMs(question), 11 * hour);
    equal(nextPeriodMs({ ...question, evaluatedMs: 20 * hour }), 21 * hour);
  });

  it('is not decades ago because one request had a wrong time', () => {
    equal(nextPeriodMs({ ...question, startMs: 0, watermarkMs: 300_000 * hour }), 295_001 * hour);
  });
});
