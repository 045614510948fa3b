import { PlatformError } from '@flyball/api';
import type { Command } from 'commander';
import { connect } from '../../connect.ts';
import { exitCodes } from '../exit-code.ts';
import { MlflowExport } from '../mlflow/export-mlflow.ts';
import { FolderWriter } from '../mlflow/folder-writer.ts';
import { MlflowImport } from '../mlflow/import-mlflow.ts';
import type { ImportReport } from '../mlflow/import-report.ts';
import { openSource } from '../mlflow/open-source.ts';
import { patientFetch } from '../mlflow/patient-fetch.ts';
import { RestSource } from '../mlflow/rest-source.ts';
import { clean, colour, print, printTable, progressBar } from '../output.ts';
import { sessionOf } from '../session.ts';

const MOST_PROBLEMS = 20;

function printReport({ source, target, counts, mapped, problems, equal }: ImportReport): void {
  print(`${source} → ${target}`);
  printTable(counts, {
    '': (row) => row.what,
    source: (row) => row.source,
    target: (row) => row.target,
    ' ': (row) => (row.source === row.target ? '' : 'differs'),
  });
  for (const { name, sourceId, experimentId } of mapped) {
    print(clean(`experiment "${name}" has the id ${experimentId} here, ${sourceId} there`));
  }
  for (const problem of problems.slice(0, MOST_PROBLEMS)) print(colour.yellow(clean(problem)));
  if (problems.length > MOST_PROBLEMS) print(colour.yellow(`and ${problems.length - MOST_PROBLEMS} more problems`));
  print(equal ? colour.green('everything is there') : colour.red('not everything is there'));
}

function barOf() {
  let bar: ReturnType<typeof progressBar> | undefined;
  return {
    begin: (title: string, total: number) => {
      bar = progressBar(title, total);
    },
    add: (amount: number) => bar?.add(amount),
    end: () => bar?.end(),
  };
}

interface ImportOptions {
  readonly artifactRoot: readonly string[];
  readonly workspace: string;
}

async function importFrom(given: string, options: ImportOptions, command: Command): Promise<void> {
  const session = sessionOf(command);
  const { url, token, project } = session;
  const flyball = connect({ url, project, ...(token === undefined ? {} : { token }), fetch: patientFetch });
  const source = await openSource(given, { workspace: options.workspace, artifactRoots: options.artifactRoot });
  try {
    const report = await new MlflowImport(source, flyball, session, barOf()).run();
    session.answer(report, printReport);
    if (!report.equal) process.exitCode = exitCodes.verdict;
  } catch (error) {
    if (!(error instanceof PlatformError) || error.code !== 'not_allowed') throw error;
    const message = `You may not import into the project "${session.project}": that takes the role contributor`;
    throw new PlatformError('not_allowed', message, { cause: error });
  } finally {
    source.close();
  }
}

async function exportTo(folder: string, _options: unknown, command: Command): Promise<void> {
  const session = sessionOf(command);
  const { url, token, project: workspace } = session;
  const writer = await FolderWriter.open(folder);
  const report = await new MlflowExport(new RestSource({ url, token, workspace }), writer).run(folder);
  session.answer(report, printReport);
  if (!report.equal) process.exitCode = exitCodes.verdict;
}

/** `import …` and `export …` */
export function addMlflowCommands(program: Command): void {
  const collect = (value: string, before: readonly string[]) => [...before, value];
  program
    .command('import')
    .description('bring what other tools know')
    .command('mlflow')
    .description(
      'experiments, runs, artifacts and models of MLflow; may be stopped and run again (differs: exit code 8)',
    )
    .argument('<source>', 'address of a server, SQLite file or mlruns folder')
    .option('--artifact-root <folder>', 'read local artifacts below it, instead of beside the store', collect, [])
    .option('--workspace <name>', 'workspace of the source', 'default')
    .action(importFrom);
  program
    .command('export')
    .description('take along what this project knows')
    .command('mlflow')
    .description('experiments, runs, artifacts and models, as an mlruns folder that MLflow reads')
    .argument('<folder>', 'new or empty')
    .action(exportTo);
}
