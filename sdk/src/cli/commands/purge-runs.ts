import type { Purge } from '@flyball/api';
import { type Command, Option } from 'commander';
import { type Duration, durationSeconds } from '../../definitions/duration.ts';
import { exitCodes } from '../exit-code.ts';
import { clean, print, printTable } from '../output.ts';
import { type Session, sessionOf } from '../session.ts';

const RUNS_AT_ONCE = 1_000;

export interface ForceOptions {
  readonly force?: boolean;
  readonly reason?: string;
}

/** What a forced purge is asked with. */
export function addForceOptions(command: Command): Command {
  return command
    .option('--force', 'even what registered versions came from; needs a reason')
    .option('--reason <text>', 'why, for the audit trail');
}

export const forceOf = ({ force = false, reason }: ForceOptions) => ({
  force,
  ...(reason === undefined ? {} : { reason }),
});

interface PurgeOptions extends ForceOptions {
  readonly olderThan?: Duration;
  readonly experiment?: string;
  readonly dryRun?: boolean;
}

interface Purged {
  purged: number;
  kept: { runId: string; message: string }[];
  left: { runId: string; location: string }[];
}

function addTo(all: Purged, { purged, kept, left }: Purged): void {
  all.purged += purged;
  all.kept.push(...kept);
  all.left.push(...left);
}

async function purgeNamed({ flyball }: Session, runIds: readonly string[], options: ForceOptions): Promise<Purged> {
  const all: Purged = { purged: 0, kept: [], left: [] };
  for (let i = 0; i < runIds.length; i += RUNS_AT_ONCE) {
    const body = { runIds: runIds.slice(i, i + RUNS_AT_ONCE), ...forceOf(options) };
    addTo(all, await flyball.purgeRuns({ body }));
  }
  return all;
}

async function purgeOld({ flyball }: Session, olderThan: Duration, options: PurgeOptions): Promise<Purged> {
  const { experiment: experimentId, dryRun = false } = options;
  const deletedBefore = Math.ceil(Date.now() - durationSeconds(olderThan) * 1000);
  const all: Purged = { purged: 0, kept: [], left: [] };
  let pageToken: string | undefined;
  do {
    const more = { ...(experimentId === undefined ? {} : { experimentId }), ...(pageToken && { pageToken }) };
    const page = await flyball.emptyTrash({ body: { deletedBefore, dryRun, ...more } });
    addTo(all, page);
    pageToken = page.nextPageToken;
  } while (pageToken !== undefined);
  return all;
}

function stateOf({ finishedAt, error, points, expectedPoints, runsDone, runsLeft }: Purge): string {
  if (finishedAt !== null) return 'finished';
  if (error !== null) return `failed, is tried again: ${error}`;
  if (runsLeft > 0) return `${runsDone} of ${runsDone + runsLeft} runs`;
  return expectedPoints === null ? 'running' : `${points} of ${expectedPoints} points`;
}

/** `run purges` */
function addPurges(run: Command): void {
  run
    .command('purges')
    .description('runs and experiments that were deleted for good, and how far that is')
    .action(async (_options: unknown, command: Command) => {
      const session = sessionOf(command);
      const { items } = await session.flyball.listPurges({ query: { limit: 50, parts: 'hidden' } });
      session.answer(items, (rows) =>
        printTable(rows, {
          what: (row) => `${row.kind.replaceAll('_', ' ')} ${row.title ?? row.subject}`,
          state: stateOf,
          points: (row) => row.points,
          files: (row) => row.files,
          'files stay at': (row) => row.leftAt,
          asked: (row) => row.askedAt,
          by: (row) => row.askedBy,
        }),
      );
    });
}

/** `run purge`, `run purges` */
export function addRunPurge(run: Command): void {
  addPurges(run);
  const purge = run
    .command('purge')
    .description('delete runs in the trash for good: these, or all that are there for some time (kept: exit code 8)')
    .argument('[runs...]', 'ids of runs')
    .option('--older-than <duration>', 'all that went into the trash that long ago, for example 30d')
    .option('--experiment <id>', 'with --older-than: of this experiment alone')
    .addOption(new Option('--dry-run', 'with --older-than: only say how many'));
  addForceOptions(purge).action(async (runs: string[], options: PurgeOptions, command: Command) => {
    const { olderThan, dryRun } = options;
    if ((olderThan === undefined) === (runs.length === 0)) {
      throw new TypeError('Name runs, or say --older-than, but not both');
    }
    const session = sessionOf(command);
    const result =
      olderThan === undefined ? await purgeNamed(session, runs, options) : await purgeOld(session, olderThan, options);
    session.answer(result, ({ purged, kept, left }) => {
      for (const { message } of kept) print(clean(message));
      for (const { location } of left) print(clean(`not kept by this server, so the files stay: ${location}`));
      print(`${purged} runs ${dryRun === true ? 'would be purged' : 'purged'}, ${kept.length} kept`);
    });
    if (result.kept.length > 0) process.exitCode = exitCodes.verdict;
  });
}
