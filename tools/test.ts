// npm test [word…]: every test that needs only Node, or those with one of the words in their path.
import { runSuite, testFiles } from './suite/run-suite.ts';

const words = process.argv.slice(2);
const server = ['server/src/**/*.test.ts'];
const others = ['{stats,api,sdk,web}/src/**/*.test.ts', 'examples/**/*.test.ts', 'tools/**/*.test.ts'];

await runSuite({
  groups: [testFiles(server, words), testFiles(others, words)],
  timeoutSeconds: 120,
});
