// npm test [word…]: every test that needs only Node, or those with one of the words in their path.
import { runSuite, testFiles } from './suite/run-suite.ts';

const words = process.argv.slice(2);
// Two halves that take about as long as each other, on two cores.
const inside = ['server/src/*.test.ts', 'server/src/{modules,testing}/**/*.test.ts'];
const around = [
  'server/src/{platform,protocols}/**/*.test.ts',
  '{stats,api,sdk,web}/src/**/*.test.ts',
  'examples/**/*.test.ts',
  'tools/**/*.test.ts',
];

await runSuite({
  groups: [testFiles(inside, words), testFiles(around, words)],
  timeoutSeconds: 120,
});
