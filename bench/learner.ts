// Training time and AUC of our boosting against scikit-learn's HistGradientBoostingClassifier: same rows, same limits,
// one thread each, rounds interleaved. Writes bench/results/learner.json.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { delongTest } from '@flyball/stats';
import { flightsTable } from './learner/flights-table.ts';
import { writeTable } from './learner/table-file.ts';
import { peerPython, singleThreaded } from './report/peer-python.ts';
import { median, writeReport } from './report/write-report.ts';

const here = import.meta.dirname;
const rows = 200_000;
const rounds = 7;
const options = { trees: 100, maxDepth: 6, learningRate: 0.1, lambda: 1, minRowsPerLeaf: 20, maxBins: 255 };

interface Round {
  readonly seconds: number;
  readonly cpuSeconds: number;
  readonly predictSeconds: number;
  readonly versions?: Readonly<Record<string, string>>;
}

function runRound(program: string, script: string, folder: string, width: number, env = process.env): Round {
  const args = [join(here, script), folder, String(width), JSON.stringify(options)];
  return JSON.parse(execFileSync(program, args, { encoding: 'utf8', env }));
}

function summary(all: readonly Round[]) {
  const of = (key: 'seconds' | 'cpuSeconds' | 'predictSeconds') => median(all.map((round) => round[key]));
  return {
    medianSeconds: of('seconds'),
    medianCpuSeconds: of('cpuSeconds'),
    medianPredictSeconds: of('predictSeconds'),
    seconds: all.map((round) => round.seconds),
  };
}

function readScores(folder: string, name: string): Float64Array {
  const bytes = readFileSync(join(folder, `${name}.f64`));
  return new Float64Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength));
}

function measure(python: string, folder: string, width: number): { ours: Round[]; peer: Round[] } {
  const ours: Round[] = [];
  const peer: Round[] = [];
  for (let round = 1; round <= rounds; round++) {
    ours.push(runRound(process.execPath, 'learner/train-ours.ts', folder, width));
    peer.push(runRound(python, 'learner_peer.py', folder, width, singleThreaded()));
    const [a, b] = [ours.at(-1)!.seconds, peer.at(-1)!.seconds];
    console.log(`round ${round}: ours ${a.toFixed(2)} s, scikit-learn ${b.toFixed(2)} s`);
  }
  return { ours, peer };
}

const python = peerPython('learner', ['scikit-learn==1.9.1', 'numpy==2.4.6']);
const folder = mkdtempSync(join(tmpdir(), 'flyball-learner-'));
try {
  const { source, features, train, test } = await flightsTable(rows);
  writeTable(folder, 'train', train);
  writeTable(folder, 'test', test);
  const { ours, peer } = measure(python, folder, features.length);
  const compared = delongTest(test.labels, readScores(folder, 'ours'), readScores(folder, 'peer'));
  const [a, b] = [summary(ours), summary(peer)];
  const timeRatio = a.medianSeconds / b.medianSeconds;
  writeReport('learner', {
    versions: { ...peer[0]?.versions },
    data: { source, features, trainRows: train.labels.length, testRows: test.labels.length },
    options,
    threads: 1,
    rounds,
    ours: { auc: compared.aucA, ...a },
    scikitLearn: { auc: compared.aucB, ...b },
    timeRatio,
    aucDifference: { value: compared.difference, lower: compared.lower, upper: compared.upper },
  });
  console.log(`training: ours ${a.medianSeconds.toFixed(2)} s, scikit-learn ${b.medianSeconds.toFixed(2)} s (medians)`);
  console.log(`ratio ours / scikit-learn: ${timeRatio.toFixed(2)}`);
  console.log(`AUC: ours ${compared.aucA.toFixed(4)}, scikit-learn ${compared.aucB.toFixed(4)}`);
} finally {
  rmSync(folder, { recursive: true });
}
