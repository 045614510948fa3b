import { writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { type SuiteEvent, SuiteReport } from './suite-report.ts';

/** What a run tells its reporter: where to leave the counts, and which files it was given. */
export const countsVariable = 'FLYBALL_SUITE_COUNTS';
export const filesVariable = 'FLYBALL_SUITE_FILES';

/** The reporter that node:test loads; it asks for a default export. */
export default async function* reporter(events: AsyncIterable<SuiteEvent>): AsyncGenerator<string> {
  const root = resolve(import.meta.dirname, '..', '..');
  const files = (process.env[filesVariable] ?? '').split('\n').map((path) => resolve(root, path));
  const report = new SuiteReport(root, files);
  for await (const event of events) yield report.add(event);
  yield report.end();
  writeFileSync(process.env[countsVariable] ?? '/dev/null', JSON.stringify(report.counts));
}
