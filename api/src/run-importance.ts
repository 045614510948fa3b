import { z } from 'zod';
import { ProjectParams } from './page.ts';
import { defineRoutes } from './route.ts';

/** What a param has to do with a metric. */
export const ParamImportance = z.object({
  key: z.string(),
  /** Its share of what all params change together, from 0 to 1: the mean size of its SHAP values. */
  importance: z.number(),
  /** Rank correlation with the metric, from −1 to 1; null for params that are not numbers. */
  correlation: z.number().nullable(),
  /** Different values. */
  values: z.number().int(),
});

/** Which params matter for a metric, as far as the runs tell. */
export const RunImportance = z.object({
  params: z.array(ParamImportance),
  /** Runs with the metric that this was learned from. */
  runs: z.number().int(),
  /** How much of the metric's variance the params explain in runs that were not learned from; null with few runs. */
  explained: z.number().nullable(),
  /** Params that differ between the runs; of more than 200 those are ranked that most runs have. */
  differing: z.number().int(),
  /** Whether older runs with the metric were left out: the newest 10,000 are looked at, fewer with very many params. */
  isOfNewest: z.boolean(),
});
export type RunImportance = z.infer<typeof RunImportance>;

/** Which params matter. */
export const runImportanceRoutes = defineRoutes({
  rankParams: {
    method: 'POST',
    path: '/projects/:project/runs/importance',
    summary: 'Which params matter for a metric: boosted trees explained by SHAP values, and rank correlations',
    access: 'viewer',
    params: ProjectParams,
    body: z.object({
      metric: z.string().min(1).max(250),
      /** These runs, or else the newest 10,000 with the metric that fit the filter. */
      runIds: z.array(z.string().min(1).max(100)).min(1).max(1000).optional(),
      experimentIds: z.array(z.string()).max(1000).default([]),
      filter: z.string().max(5000).default(''),
    }),
    result: RunImportance,
    errors: ['invalid_input', 'too_many_requests', 'deadline_exceeded'],
  },
});
