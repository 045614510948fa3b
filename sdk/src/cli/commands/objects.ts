import { setTimeout as sleep } from 'node:timers/promises';
import type { ObjectSweep } from '@flyball/api';
import type { Command } from 'commander';
import { print, printTable, progressBar } from '../output.ts';
import { type Session, sessionOf } from '../session.ts';

const LOOK_MS = 500;

interface SweepOptions {
  readonly dryRun?: boolean;
  readonly graceHours?: string;
}

const units = ['bytes', 'kB', 'MB', 'GB', 'TB', 'PB'] as const;

function sizeText(bytes: number): string {
  const power = bytes < 1000 ? 0 : Math.min(units.length - 1, Math.floor(Math.log10(bytes) / 3));
  return power === 0 ? `${bytes} bytes` : `${(bytes / 1000 ** power).toPrecision(3)} ${units[power]}`;
}

/** A sweep that ends elsewhere all the same, whether anybody waits for it or not. */
async function untilFinished({ flyball }: Session, sweep: ObjectSweep): Promise<ObjectSweep> {
  const bar = progressBar('objects', 1);
  let seen = sweep;
  while (seen.finishedAt === null) {
    await sleep(LOOK_MS);
    const next = await flyball.getObjectSweep({ params: { sweep: sweep.id } });
    bar.add(next.progress - seen.progress);
    seen = next;
  }
  bar.end();
  return seen;
}

function printSweep({ dryRun, objects, bytes, removedObjects, removedBytes, unfinishedUploads }: ObjectSweep): void {
  print(`${objects} objects, ${sizeText(bytes)}`);
  print(`${removedObjects} ${dryRun ? 'would be removed' : 'removed'}, ${sizeText(removedBytes)}`);
  if (unfinishedUploads > 0) print(`${unfinishedUploads} unfinished uploads thrown away`);
}

/** `objects …` */
export function addObjectCommands(program: Command): void {
  const objects = program.command('objects').description('stored bytes: artifacts, files of datasets and models');
  objects
    .command('sweep')
    .description('remove what nothing refers to any more, and wait for it; once a day that happens by itself')
    .option('--dry-run', 'only say how many, and how large')
    .option(
      '--grace-hours <number>',
      'keep what was stored in the last hours, 2 or more (default: FLYBALL_OBJECT_GRACE_HOURS)',
    )
    .action(async ({ dryRun = false, graceHours }: SweepOptions, command: Command) => {
      const session = sessionOf(command);
      const grace = graceHours === undefined ? {} : { graceHours: Number(graceHours) };
      const sweep = await session.flyball.startObjectSweep({ body: { dryRun, ...grace } });
      session.answer(await untilFinished(session, sweep), printSweep);
    });
  objects
    .command('sweeps')
    .description('what was removed lately')
    .action(async (_options: unknown, command: Command) => {
      const session = sessionOf(command);
      session.answer((await session.flyball.listObjectSweeps({ query: { limit: 20 } })).items, (items) =>
        printTable(items, {
          sweep: (row) => row.id,
          asked: (row) => row.askedAt,
          by: (row) => row.askedBy,
          state: (row) => row.error ?? (row.finishedAt === null ? `${Math.floor(row.progress * 100)} %` : 'finished'),
          objects: (row) => row.objects,
          removed: (row) => `${row.removedObjects}${row.dryRun ? ' (dry run)' : ''}`,
          freed: (row) => sizeText(row.removedBytes),
        }),
      );
    });
}
