import { z } from 'zod';
import { ProjectParams } from './page.ts';
import { defineRoutes } from './route.ts';

/** A metric over the runs of a group; without runs that have a number there is no mean, with one no deviation. */
export const GroupMetric = z.object({
  key: z.string(),
  /** Runs whose latest value is a number; NaN and what is too great to add up is left out. */
  count: z.number().int(),
  mean: z.number(),
  /** The deviation of the sample, with n − 1. */
  sd: z.number().nullable(),
  min: z.number(),
  max: z.number(),
});

/** Runs that have the same values. */
export const RunGroup = z.object({
  /** In the order of `by`; null where the runs have no such param or tag. */
  values: z.array(z.string().nullable()),
  runs: z.number().int(),
  metrics: z.array(GroupMetric),
});
export type RunGroup = z.infer<typeof RunGroup>;

/** Groups of runs. */
export const runGroupRoutes = defineRoutes({
  groupRuns: {
    method: 'POST',
    path: '/projects/:project/runs/groups',
    summary: 'Runs with the same params, tags or attributes as one: how many, and mean and deviation of their metrics',
    access: 'viewer',
    params: ProjectParams,
    body: z.object({
      experimentIds: z.array(z.string()).max(1000).default([]),
      filter: z.string().max(5000).default(''),
      stage: z.enum(['active', 'deleted', 'all']).default('active'),
      /** Such as `params.depth`, `tags.team`, `attributes.status`. */
      by: z.array(z.string().min(3).max(300)).min(1).max(4),
      metrics: z.array(z.string().min(1).max(250)).max(50).default([]),
      /** One of `by`, `runs`, or `metrics.` and one of the metrics, whose means are put in order. */
      orderBy: z.string().max(300).optional(),
      descending: z.boolean().default(false),
      offset: z.int().min(0).max(10_000_000).default(0),
      limit: z.int().min(1).max(500).default(100),
    }),
    result: z.object({
      items: z.array(RunGroup),
      /** How many groups and runs there are in all. */
      total: z.number().int(),
      runs: z.number().int(),
    }),
    errors: ['invalid_input'],
  },
});
