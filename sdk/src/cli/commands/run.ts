import type { Command } from 'commander';
import { print, printTable } from '../output.ts';
import { sessionOf } from '../session.ts';
import { addRunPurge } from './purge-runs.ts';

const time = (milliseconds: number): string => new Date(milliseconds).toISOString().slice(0, 19).replace('T', ' ');

/** `run …` */
export function addRunCommands(program: Command): void {
  const run = program.command('run').description('experiments and runs');
  run
    .command('list')
    .option('--filter <filter>', "MLflow's filter language", '')
    .option('--limit <number>', 'at most', '20')
    .action(async ({ filter, limit }: { filter: string; limit: string }, command: Command) => {
      const session = sessionOf(command);
      const found = await session.flyball.searchRuns({
        body: { filter, limit: Number(limit) },
      });
      session.answer(found.items, (items) =>
        printTable(items, {
          run: (row) => row.runId,
          name: (row) => row.name,
          status: (row) => row.status,
          started: (row) => time(row.startTime),
          metrics: (row) =>
            Object.entries(row.metrics)
              .slice(0, 4)
              .map(([key, { value }]) => `${key}=${value?.toPrecision(4) ?? 'NaN'}`)
              .join(' '),
        }),
      );
    });
  addRunPurge(run);
  run
    .command('show')
    .argument('<run>')
    .action(async (id: string, _options: unknown, command: Command) => {
      const session = sessionOf(command);
      session.answer(await session.flyball.getRun({ params: { run: id } }), (found) => {
        print(`${found.name} ${found.status}`);
        printTable(Object.entries(found.params), { param: ([key]) => key, value: ([, value]) => value });
        printTable(Object.entries(found.metrics), { metric: ([key]) => key, value: ([, { value }]) => value ?? 'NaN' });
      });
    });
}
