import { z } from 'zod';
import { ProjectParams } from './page.ts';
import { defineRoutes } from './route.ts';

/** A metric at a step: `value` is null where it is not a number; infinities are the greatest doubles. */
export const MetricValue = z.object({
  value: z.number().nullable(),
  step: z.number().int(),
  timestamp: z.number().int(),
});

const RunIds = z.array(z.string().min(1).max(100)).min(1);

/** What was logged in some experiments, by name. */
export const RunKeys = z.object({
  metrics: z.array(z.string()),
  params: z.array(z.string()),
  tags: z.array(z.string()),
});
export type RunKeys = z.infer<typeof RunKeys>;

/** All points of one metric of a run, in short. */
export const MetricSummary = z.object({
  runId: z.string(),
  key: z.string(),
  /** NaN included; the others leave it out. */
  count: z.number().int(),
  min: z.number().nullable(),
  max: z.number().nullable(),
});
export type MetricSummary = z.infer<typeof MetricSummary>;

/** What a table of runs, and a comparison of some of them, ask for beyond a search. */
export const runTableRoutes = defineRoutes({
  listRunKeys: {
    method: 'GET',
    path: '/projects/:project/run-keys',
    summary: 'The names of metrics, params and tags in some experiments, the first 1,000 of each',
    access: 'viewer',
    params: ProjectParams,
    /** Without experiments: all of the project. */
    query: z.object({ experiment: z.union([z.string(), z.array(z.string())]).optional() }),
    result: RunKeys,
    errors: ['invalid_input'],
  },
  changeRuns: {
    method: 'POST',
    path: '/projects/:project/runs/change',
    summary: 'Tag, untag, delete or restore several runs, each by itself',
    access: 'contributor',
    params: ProjectParams,
    body: z.object({
      runIds: RunIds.max(1000),
      stage: z.enum(['active', 'deleted']).optional(),
      tags: z.record(z.string(), z.string()).default({}),
      removeTags: z.array(z.string()).max(100).default([]),
    }),
    result: z.object({
      changed: z.number().int(),
      failed: z.array(z.object({ runId: z.string(), message: z.string() })),
    }),
    errors: ['invalid_input'],
  },
  compareCurves: {
    method: 'POST',
    path: '/projects/:project/runs/curves',
    summary: 'One metric of several runs; long curves thinned with their minima and maxima kept',
    access: 'viewer',
    params: ProjectParams,
    body: z.object({
      runIds: RunIds.max(100),
      key: z.string().min(1),
      maxPoints: z.int().min(10).max(2000).default(500),
    }),
    result: z.object({
      curves: z.array(z.object({ runId: z.string(), points: z.array(MetricValue), total: z.number().int() })),
    }),
    errors: ['not_found'],
  },
  summarizeMetrics: {
    method: 'POST',
    path: '/projects/:project/runs/metric-summaries',
    summary: 'The least and the greatest value of every metric of several runs',
    access: 'viewer',
    params: ProjectParams,
    body: z.object({ runIds: RunIds.max(100) }),
    result: z.object({ items: z.array(MetricSummary) }),
  },
});
