// The program of a thread: takes runs in parts, and answers which of their params matter.
import { parentPort } from 'node:worker_threads';
import { importanceOf, type MeasuredRun } from './param-importance.ts';

/** More of them make trees slower and say little: what is not among the first is rarely logged. */
const MOST_PARAMS = 200;

const runs: MeasuredRun[] = [];
parentPort?.on('message', (part: readonly MeasuredRun[] | null) => {
  if (part === null) parentPort?.postMessage(importanceOf(runs, MOST_PARAMS));
  else runs.push(...part);
});
