import { deepEqual } from 'node:assert/strict';
import { describe, it } from 'node:test';
import { progressOf } from './purge-progress.ts';

const run = { kind: 'run', finishedAt: null, runsDone: 0, runsLeft: 0, points: 0, expectedPoints: null } as const;

describe('the progress of a purge', () => {
  it('is that of its points, of its runs, or unknown', () => {
    const experiment = { ...run, kind: 'experiment' } as const;
    deepEqual(
      [
        run,
        { ...run, expectedPoints: 0 },
        { ...run, points: 50, expectedPoints: 200 },
        { ...run, points: 500, expectedPoints: 200 },
        { ...run, points: 1, expectedPoints: 200, finishedAt: '2026-01-01T00:00:00Z' },
        experiment,
        { ...experiment, runsDone: 0, runsLeft: 10 },
        { ...experiment, runsDone: 10, runsLeft: 10 },
        { ...experiment, runsDone: 10, runsLeft: 0 },
      ].map(progressOf),
      [null, null, 0.25, 0.99, 1, null, 0, 0.475, 0.95],
    );
  });
});
