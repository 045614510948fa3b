import { z } from 'zod';
import { Name, PageQuery, ProjectParams, pageOf, Timestamp } from './page.ts';
import { ModelName } from './registry.ts';
import { defineRoutes } from './route.ts';

/** What a rule or a test says; too little data is an answer of its own, and some answers are a person's. */
export const Verdict = z.enum(['pass', 'fail', 'not_enough_data', 'needs_review']);
export type Verdict = z.infer<typeof Verdict>;

/** A metric with its interval. */
export const MeasuredMetric = z.object({
  name: z.string(),
  value: z.number(),
  /** 95 % interval, exact where one exists, else bootstrap. */
  low: z.number().nullable(),
  high: z.number().nullable(),
  count: z.number().int(),
});

/** A metric of two versions on the same rows. */
export const Comparison = z.object({
  metric: z.string(),
  baseline: z.object({ model: z.string(), version: z.number().int() }),
  /** Candidate minus baseline, paired by row; for losses negative is better. */
  difference: z.number(),
  low: z.number(),
  high: z.number(),
  count: z.number().int(),
  clusters: z.number().int(),
});

/** A version measured on a training set. */
export const Evaluation = z
  .object({
    id: z.string(),
    model: z.string(),
    version: z.number().int(),
    trainingSetId: z.string(),
    dataset: z.object({ name: z.string(), version: z.number().int() }),
    rowCount: z.number().int(),
    metrics: z.array(MeasuredMetric),
    slices: z.array(
      z.object({ column: z.string(), value: z.string(), count: z.number().int(), metrics: z.array(MeasuredMetric) }),
    ),
    comparisons: z.array(Comparison),
    calibration: z.array(z.object({ predicted: z.number(), observed: z.number(), count: z.number().int() })),
    confusion: z.object({
      threshold: z.number(),
      truePositive: z.number(),
      falsePositive: z.number(),
      trueNegative: z.number(),
      falseNegative: z.number(),
    }),
    at: Timestamp,
    milliseconds: z.number(),
  })
  .meta({ id: 'Evaluation' });
export type Evaluation = z.infer<typeof Evaluation>;

const metric = z.enum([
  'auc',
  'log_loss',
  'brier',
  'calibration_error',
  'accuracy',
  'precision',
  'recall',
  'f1',
  'rmse',
  'mae',
]);
/**
 * A rule over an evaluation. It passes only when the whole interval is on the right side, and says `not_enough_data`
 * when the interval straddles the bound.
 */
export const Gate = z
  .discriminatedUnion('kind', [
    z.object({ kind: z.literal('at_least'), name: Name, metric, bound: z.number(), minRows: z.int().default(500) }),
    z.object({ kind: z.literal('at_most'), name: Name, metric, bound: z.number(), minRows: z.int().default(500) }),
    /**
     * Paired against the champion: the upper end of (candidate − champion) is at most the margin (relative to the
     * champion's value when `relative`).
     */
    z.object({
      kind: z.literal('not_worse_than_champion'),
      name: Name,
      metric,
      margin: z.number().default(0.01),
      relative: z.boolean().default(true),
      minRows: z.int().default(500),
    }),
    /** Paired against the champion: the whole interval is on the better side of `by`. */
    z.object({
      kind: z.literal('better_than_champion'),
      name: Name,
      metric,
      by: z.number().default(0),
      minRows: z.int().default(500),
    }),
    z.object({
      kind: z.literal('slice_at_most'),
      name: Name,
      metric,
      column: z.string(),
      bound: z.number(),
      minRows: z.int().default(200),
    }),
    z.object({ kind: z.literal('scan_safe'), name: Name }),
  ])
  .meta({ id: 'Gate' });
export type Gate = z.infer<typeof Gate>;

/** What one gate says about a version, and by which figures. */
export const GateResult = z.object({
  gate: Gate,
  verdict: Verdict,
  observed: z.number().nullable(),
  low: z.number().nullable(),
  high: z.number().nullable(),
  message: z.string(),
});
/** What all gates say about a version; the worst verdict counts. */
export const GateReport = z
  .object({
    id: z.string(),
    model: z.string(),
    version: z.number().int(),
    evaluationId: z.string(),
    championVersion: z.number().int().nullable(),
    verdict: Verdict,
    results: z.array(GateResult),
    at: Timestamp,
  })
  .meta({ id: 'GateReport' });
export type GateReport = z.infer<typeof GateReport>;

/** Which version to measure on which rows, and how. */
export const EvaluateInput = z.object({
  model: ModelName,
  version: z.number().int().min(1),
  trainingSetId: z.string(),
  slices: z.array(z.string()).max(20).default([]),
  /** Column whose values group dependent rows (an hour, a customer) for honest intervals. */
  cluster: z.string().optional(),
  compareWith: z.array(z.number().int()).max(10).default([]),
  threshold: z.number().default(0.5),
});

const VersionParams = ProjectParams.extend({ model: ModelName, version: z.coerce.number().int().min(1) });

/** Evaluations, gates and explanations. */
export const evaluationRoutes = defineRoutes({
  evaluate: {
    method: 'POST',
    path: '/projects/:project/evaluations',
    summary: 'Measure a version on a training set',
    access: 'contributor',
    params: ProjectParams,
    body: EvaluateInput,
    result: Evaluation,
    errors: ['not_found', 'invalid_input'],
  },
  listEvaluations: {
    method: 'GET',
    path: '/projects/:project/models/:model/versions/:version/evaluations',
    summary: 'List the evaluations of a version',
    access: 'viewer',
    params: VersionParams,
    query: PageQuery,
    result: pageOf(Evaluation),
    errors: ['not_found'],
  },
  checkGates: {
    method: 'POST',
    path: '/projects/:project/models/:model/versions/:version/gates',
    summary: 'Judge an evaluation by gates',
    access: 'contributor',
    params: VersionParams,
    body: z.object({ evaluationId: z.string(), gates: z.array(Gate).min(1) }),
    result: GateReport,
    errors: ['not_found', 'invalid_input'],
  },
  listGateReports: {
    method: 'GET',
    path: '/projects/:project/models/:model/versions/:version/gates',
    summary: 'List gate reports of a version',
    access: 'viewer',
    params: VersionParams,
    query: PageQuery,
    result: pageOf(GateReport),
    errors: ['not_found'],
  },
  explainPredictions: {
    method: 'POST',
    path: '/projects/:project/models/:model/versions/:version/explain',
    summary: 'Path-dependent TreeSHAP values of rows',
    access: 'viewer',
    params: VersionParams,
    body: z.object({ rows: z.array(z.record(z.string(), z.number().nullable())).min(1).max(1000) }),
    result: z.object({ features: z.array(z.string()), base: z.number(), values: z.array(z.array(z.number())) }),
    errors: ['not_found', 'invalid_input', 'not_implemented'],
  },
});
