// One round of our learner in a process of its own, as the product trains: folder, width and options are arguments.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { predictEnsemble, trainBoosting } from '@flyball/stats/learn';
import { readTable } from './table-file.ts';

const [folder = '', width = '0', options = '{}'] = process.argv.slice(2);
const train = readTable(folder, 'train', Number(width));
const test = readTable(folder, 'test', Number(width));

/** Seconds on the clock and on the processor. */
function timed<T>(work: () => T): { result: T; seconds: number; cpuSeconds: number } {
  const cpu = process.cpuUsage();
  const started = performance.now();
  const result = work();
  const seconds = (performance.now() - started) / 1000;
  const { user, system } = process.cpuUsage(cpu);
  return { result, seconds, cpuSeconds: (user + system) / 1e6 };
}

const { trees, maxDepth, learningRate, lambda, minRowsPerLeaf, maxBins } = JSON.parse(options);
const limits = { trees, maxDepth, learningRate, lambda, minRowsPerLeaf, maxBins };
const fit = timed(() => trainBoosting(train, { objective: 'binary', ...limits }));
const predict = timed(() => predictEnsemble(fit.result.model, test.columns));
writeFileSync(join(folder, 'ours.f64'), predict.result);
process.stdout.write(
  JSON.stringify({ seconds: fit.seconds, cpuSeconds: fit.cpuSeconds, predictSeconds: predict.seconds }),
);
