import { notFound, type ObjectSweep, PlatformError } from '@flyball/api';
import type { Actor } from '../access/actor.ts';
import type { ObjectReferences } from './object-references.ts';
import { type SweepParts, workOffSweep } from './object-sweep-job.ts';
import { findSweep, insertSweep, listSweeps, presentSweep } from './object-sweep-store.ts';

const QUEUE = 'platform.object-sweep';
const DAILY = '41 3 * * *';

export interface SweepOrder {
  readonly dryRun: boolean;
  /** As the setting says, unless given. */
  readonly graceHours?: number | undefined;
}

/** Removal of objects that nothing refers to any more. */
export interface ObjectSweeps {
  /** Said by every module that keeps digests, in every process, before anything is swept. */
  keep(references: ObjectReferences): void;
  /** Begins one in the background; `conflict` while another one is under way. */
  start(actor: Actor, order: SweepOrder): Promise<ObjectSweep>;
  get(id: number): Promise<ObjectSweep>;
  list(limit: number): Promise<ObjectSweep[]>;
  /** In the processes that do jobs: once a day. */
  startWork(): Promise<void>;
}

/** One that is under way goes on first, and then stands for the day's. */
async function sweepDaily({ database, graceHours }: SweepParts): Promise<void> {
  await insertSweep(database, { dryRun: false, graceSeconds: graceHours * 3600, askedBy: 'system' });
}

export function createObjectSweeps(parts: SweepParts): ObjectSweeps {
  const { database, jobs, audit, graceHours: usual } = parts;
  const references: ObjectReferences[] = [];
  jobs.define<{ daily?: boolean }>(QUEUE, { singleton: true }, async ({ daily = false }, { signal }) => {
    if (daily) await sweepDaily(parts);
    await workOffSweep({ ...parts, references }, signal);
  });
  return {
    keep: (more) => void references.push(more),
    start: async (actor, { dryRun, graceHours = usual }) =>
      await database.transaction(async (trx) => {
        const made = await insertSweep(trx, { dryRun, graceSeconds: graceHours * 3600, askedBy: actor.name });
        if (made === null)
          throw new PlatformError('conflict', 'Another sweep is under way; wait until it has finished');
        const subject = { kind: 'object_sweep', id: String(made.id) };
        const details = { dryRun, graceHours };
        await audit.record(trx, { actor, project: null, action: 'platform.object-sweep-started', subject, details });
        await jobs.send(QUEUE, {}, { trx });
        return presentSweep(made);
      }),
    get: async (id) => {
      const found = await findSweep(database, id);
      if (found === null) throw notFound('sweep', String(id));
      return presentSweep(found);
    },
    list: async (limit) => (await listSweeps(database, limit)).map(presentSweep),
    startWork: async () => await jobs.schedule(QUEUE, DAILY, { daily: true }),
  };
}
