import { z } from 'zod';
import { PageQuery, pageOf, Timestamp } from './page.ts';
import { defineRoutes } from './route.ts';

/** Removal of stored bytes that nothing refers to any more: of purged runs, deleted versions, broken-off uploads. */
export const ObjectSweep = z
  .object({
    id: z.number().int(),
    /** Only counts what would be removed. */
    dryRun: z.boolean(),
    /** Objects that were written or claimed more recently stay. */
    graceHours: z.number(),
    askedBy: z.string(),
    askedAt: Timestamp,
    /** From 0 to 1. */
    progress: z.number(),
    /** All that were looked at. */
    objects: z.number().int(),
    bytes: z.number().int(),
    removedObjects: z.number().int(),
    removedBytes: z.number().int(),
    /** Temporary files and uploads in parts that were never finished. */
    unfinishedUploads: z.number().int(),
    /** Why it does not go on; it is tried again. */
    error: z.string().nullable(),
    finishedAt: Timestamp.nullable(),
  })
  .meta({ id: 'ObjectSweep' });
export type ObjectSweep = z.infer<typeof ObjectSweep>;

/** Sweeps of the object store, which all projects share. */
export const objectSweepRoutes = defineRoutes({
  startObjectSweep: {
    method: 'POST',
    path: '/objects/sweeps',
    summary: 'Remove, or count, stored objects that nothing refers to any more; in the background',
    access: 'admin',
    body: z.object({
      dryRun: z.boolean().default(false),
      /** Without it: as the setting says. */
      graceHours: z.int().min(2).max(8760).optional(),
    }),
    result: ObjectSweep,
    errors: ['invalid_input', 'conflict'],
  },
  getObjectSweep: {
    method: 'GET',
    path: '/objects/sweeps/:sweep',
    summary: 'How far a sweep is, and what it has removed',
    access: 'admin',
    params: z.object({ sweep: z.coerce.number().int().min(1).max(Number.MAX_SAFE_INTEGER) }),
    result: ObjectSweep,
    errors: ['invalid_input', 'not_found'],
  },
  listObjectSweeps: {
    method: 'GET',
    path: '/objects/sweeps',
    summary: 'Sweeps, newest first; there is one a day',
    access: 'admin',
    query: PageQuery.pick({ limit: true }),
    result: pageOf(ObjectSweep),
  },
});
