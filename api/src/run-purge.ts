import { z } from 'zod';
import { Empty, PageQuery, ProjectParams, pageOf, Timestamp } from './page.ts';
import { defineRoutes } from './route.ts';

const RunId = z.string().min(1).max(100);
const Days = z.int().min(1).max(36_500);
const ExperimentParams = ProjectParams.extend({ experiment: z.string() });

/** A purge of what a registered version rests on must be forced, and say why. */
const Force = z.object({ force: z.boolean().default(false), reason: z.string().trim().min(1).max(500).optional() });

/** What happens to the runs of an experiment without anybody doing it. */
export const RetentionRule = z
  .object({
    /** Runs are deleted for good that long after they went into the trash; null: never. */
    purgeAfterDays: Days.nullable(),
    /** Runs go into the trash that long after they ended; null: never. */
    deleteAfterDays: Days.nullable(),
    /** Runs with this tag do not go into the trash by age. Runs of registered versions are always kept. */
    keepTag: z.string().min(1).max(250).default('keep'),
  })
  .meta({ id: 'RetentionRule' });
export type RetentionRule = z.infer<typeof RetentionRule>;

/** A run, logged model or experiment that was deleted for good; its points and files are, or are being, deleted. */
export const Purge = z
  .object({
    id: z.number().int(),
    kind: z.enum(['run', 'logged_model', 'experiment']),
    subject: z.string(),
    /** What it was called. */
    title: z.string().nullable(),
    experimentId: z.string(),
    askedBy: z.string(),
    reason: z.string().nullable(),
    askedAt: Timestamp,
    /** Deleted so far; of an experiment all that its runs had. */
    points: z.number().int(),
    /** How many there were, where that was known. */
    expectedPoints: z.number().int().nullable(),
    files: z.number().int(),
    /** Of an experiment: runs that are gone, and that are not yet. */
    runsDone: z.number().int(),
    runsLeft: z.number().int(),
    /** Where its files stay, because this server does not keep them or may not delete them. */
    leftAt: z.string().nullable(),
    /** Why it does not go on; it is tried again. */
    error: z.string().nullable(),
    finishedAt: Timestamp.nullable(),
  })
  .meta({ id: 'Purge' });
export type Purge = z.infer<typeof Purge>;

const PurgeResult = z.object({
  purged: z.number().int(),
  /** Why the others were kept. */
  kept: z.array(z.object({ runId: z.string(), message: z.string() })),
  /** Runs whose files stay where clients put them, because this server does not keep them. */
  left: z.array(z.object({ runId: z.string(), location: z.string() })),
});

/** Deletion for good of what is in the trash, by hand and by rule. */
export const runPurgeRoutes = defineRoutes({
  purgeRuns: {
    method: 'POST',
    path: '/projects/:project/runs/purge',
    summary: 'Delete runs in the trash for good, each by itself; points and files follow in the background',
    access: 'admin',
    params: ProjectParams,
    body: Force.extend({ runIds: z.array(RunId).min(1).max(1000) }),
    result: PurgeResult,
    errors: ['invalid_input'],
  },
  emptyTrash: {
    method: 'POST',
    path: '/projects/:project/trash/empty',
    summary: 'Delete runs for good that went into the trash before a time, some hundred at once',
    access: 'admin',
    params: ProjectParams,
    body: z.object({
      deletedBefore: z.number().int(),
      /** Without it: of all experiments. */
      experimentId: z.string().optional(),
      /** Only say what would be purged. */
      dryRun: z.boolean().default(false),
      pageToken: z
        .string()
        .regex(/^\d{1,15}$/)
        .optional(),
    }),
    result: PurgeResult.extend({ nextPageToken: z.string().optional() }),
    errors: ['invalid_input', 'not_found'],
  },
  moveExperiment: {
    method: 'POST',
    path: '/projects/:project/experiments/:experiment/move',
    summary: 'Move an experiment with all its runs into the trash, or out of it',
    access: 'contributor',
    params: ExperimentParams,
    body: z.object({ stage: z.enum(['active', 'deleted']) }),
    result: Empty,
    errors: ['invalid_input', 'not_found'],
  },
  previewExperimentPurge: {
    method: 'GET',
    path: '/projects/:project/experiments/:experiment/purge',
    summary: 'What deleting an experiment for good would delete, and which registered versions rest on it',
    access: 'viewer',
    params: ExperimentParams,
    result: z.object({
      runs: z.number().int(),
      models: z.number().int(),
      /** Those that this server keeps. */
      files: z.number().int(),
      bytes: z.number().int(),
      versions: z.array(z.string()),
    }),
    errors: ['invalid_input', 'not_found'],
  },
  purgeExperiment: {
    method: 'POST',
    path: '/projects/:project/experiments/:experiment/purge',
    summary: 'Delete an experiment in the trash for good with all that is in it, in the background',
    access: 'admin',
    params: ExperimentParams,
    body: Force,
    result: Empty,
    errors: ['invalid_input', 'not_found', 'conflict'],
  },
  listPurges: {
    method: 'GET',
    path: '/projects/:project/purges',
    summary: 'What was deleted for good, newest first, and how far that is',
    access: 'viewer',
    params: ProjectParams,
    query: PageQuery.pick({ limit: true }).extend({
      /** Whether the runs and models of purged experiments stand for themselves, too. */
      parts: z.enum(['shown', 'hidden']).default('shown'),
    }),
    result: pageOf(Purge),
  },
  getRetentionRule: {
    method: 'GET',
    path: '/projects/:project/experiments/:experiment/retention',
    summary: 'How long runs of an experiment are kept',
    access: 'viewer',
    params: ExperimentParams,
    result: RetentionRule,
    errors: ['not_found'],
  },
  putRetentionRule: {
    method: 'PUT',
    path: '/projects/:project/experiments/:experiment/retention',
    summary: 'Say how long runs of an experiment are kept',
    access: 'admin',
    params: ExperimentParams,
    body: RetentionRule,
    result: RetentionRule,
    errors: ['not_found', 'invalid_input'],
  },
});
