import type { RetentionRule } from '@flyball/api';
import type { Command } from 'commander';
import { print, printTable } from '../output.ts';
import { sessionOf } from '../session.ts';
import { addForceOptions, type ForceOptions, forceOf } from './purge-runs.ts';

const days = (value: number | null): string => (value === null ? 'never' : `after ${value} days`);

function printRule({ deleteAfterDays, purgeAfterDays, keepTag }: RetentionRule): void {
  print(`ended runs without the tag "${keepTag}" go into the trash: ${days(deleteAfterDays)}`);
  print(`runs in the trash are deleted for good: ${days(purgeAfterDays)}`);
}

function readDays(text: string): number | null {
  if (text === 'never') return null;
  const match = /^(\d+)d?$/.exec(text);
  if (match === null) throw new TypeError(`"${text}" is no number of days; write for example "30d", or "never"`);
  return Number(match[1]);
}

interface RetentionOptions {
  readonly purgeAfter?: string;
  readonly deleteAfter?: string;
  readonly keepTag?: string;
}

function addRetention(experiment: Command): void {
  experiment
    .command('retention')
    .description('how long runs of an experiment are kept; with options, changes that')
    .argument('<experiment>', 'id')
    .option('--purge-after <days>', 'delete runs for good that long after they went into the trash, or "never"')
    .option('--delete-after <days>', 'move runs into the trash that long after they ended, or "never"')
    .option('--keep-tag <tag>', 'runs with this tag stay')
    .action(async (id: string, options: RetentionOptions, command: Command) => {
      const session = sessionOf(command);
      const params = { experiment: id };
      const { purgeAfter, deleteAfter, keepTag } = options;
      const rule = await session.flyball.getRetentionRule({ params });
      if (Object.keys(options).length === 0) return session.answer(rule, printRule);
      const body = {
        purgeAfterDays: purgeAfter === undefined ? rule.purgeAfterDays : readDays(purgeAfter),
        deleteAfterDays: deleteAfter === undefined ? rule.deleteAfterDays : readDays(deleteAfter),
        keepTag: keepTag ?? rule.keepTag,
      };
      session.answer(await session.flyball.putRetentionRule({ params, body }), printRule);
    });
}

/** `experiment …` */
export function addExperimentCommands(program: Command): void {
  const experiment = program.command('experiment').description('experiments, and how long their runs are kept');
  experiment
    .command('list')
    .option('--trash', 'those in the trash')
    .action(async ({ trash }: { trash?: boolean }, command: Command) => {
      const session = sessionOf(command);
      const stage = trash === true ? 'deleted' : 'active';
      const { items } = await session.flyball.listExperiments({ query: { limit: 1000, stage } });
      session.answer(items, (rows) =>
        printTable(rows, {
          experiment: (row) => row.experimentId,
          name: (row) => row.name,
          runs: (row) => row.runCount,
        }),
      );
    });
  const moves = [
    ['delete', 'deleted', 'move an experiment with all its runs into the trash', 'is in the trash'],
    ['restore', 'active', 'take an experiment with all its runs out of the trash', 'is restored'],
  ] as const;
  for (const [name, stage, about, done] of moves) {
    experiment
      .command(name)
      .description(about)
      .argument('<experiment>', 'id')
      .action(async (id: string, _options: unknown, command: Command) => {
        const session = sessionOf(command);
        const moved = await session.flyball.moveExperiment({ params: { experiment: id }, body: { stage } });
        session.answer(moved, () => print(`experiment ${id} ${done}`));
      });
  }
  addRetention(experiment);
  const purge = experiment
    .command('purge')
    .description('delete an experiment in the trash for good, with all that is in it')
    .argument('<experiment>', 'id');
  addForceOptions(purge).action(async (id: string, options: ForceOptions, command: Command) => {
    const session = sessionOf(command);
    const params = { experiment: id };
    session.answer(await session.flyball.purgeExperiment({ params, body: forceOf(options) }), () =>
      print(`experiment ${id} is gone; its points and files are being deleted`),
    );
  });
}
