import { z } from 'zod';
import { Verdict } from './evaluation.ts';
import { Empty, JsonObject, Name, PageQuery, ProjectParams, pageOf, Timestamp } from './page.ts';
import { ModelName } from './registry.ts';
import { defineRoutes } from './route.ts';

/**
 * How a rollout compares candidate and champion. Bad events (errors, slow answers) use the exact odds test with ratio
 * margin; label loss uses pairs, with a margin relative to the champion's loss.
 */
export const RolloutMetric = z
  .discriminatedUnion('kind', [
    z.object({
      kind: z.literal('errors'),
      margin: z.number().gt(1).default(2),
      /** A share of bad events shown to be below this passes too, whatever the champion's. */
      tolerated: z.number().gt(0).lt(1).default(0.01),
    }),
    z.object({
      kind: z.literal('slow'),
      objectiveMs: z.number().positive().default(50),
      margin: z.number().gt(1).default(1.5),
      tolerated: z.number().gt(0).lt(1).default(0.05),
    }),
    z.object({ kind: z.literal('label_loss'), margin: z.number().gt(0).default(0.01) }),
  ])
  .meta({ id: 'RolloutMetric' });
export type RolloutMetric = z.infer<typeof RolloutMetric>;

/** How much traffic a candidate gets, for how long at least and at most. */
export const RolloutStep = z.object({
  /** Share of the traffic that the candidate answers; 0 = shadow. */
  weight: z.number().min(0).max(1),
  /** In event time. */
  minSeconds: z.number().min(0).default(3600),
  /** Requests that the candidate answers, or in shadow scores, before the step may pass. */
  minRequests: z.int().min(0).default(200),
  /** A step without a verdict by then asks a person. */
  maxSeconds: z
    .number()
    .positive()
    .default(14 * 86_400),
});

/** The steps of a rollout and what is compared in each. */
export const RolloutPlan = z
  .object({
    steps: z
      .array(RolloutStep)
      .min(1)
      .max(20)
      .default([
        { weight: 0, minSeconds: 43_200, minRequests: 1000, maxSeconds: 1_209_600 },
        { weight: 0.1, minSeconds: 21_600, minRequests: 500, maxSeconds: 1_209_600 },
        { weight: 0.5, minSeconds: 21_600, minRequests: 500, maxSeconds: 1_209_600 },
      ]),
    metrics: z
      .array(RolloutMetric)
      .min(1)
      .default([
        { kind: 'errors', margin: 2, tolerated: 0.01 },
        { kind: 'slow', objectiveMs: 50, margin: 1.5, tolerated: 0.05 },
        { kind: 'label_loss', margin: 0.01 },
      ]),
    /** Chance of rolling back a candidate that is no worse, over the whole rollout. */
    alpha: z.number().gt(0).lt(0.5).default(0.05),
    /** Chance of promoting one that is worse by the margin. */
    beta: z.number().gt(0).lt(0.5).default(0.05),
    checkEverySeconds: z.number().positive().default(3600),
    onNoVerdict: z.enum(['ask', 'roll_back']).default('roll_back'),
  })
  .meta({ id: 'RolloutPlan' });
export type RolloutPlan = z.infer<typeof RolloutPlan>;

/** A stable URL in front of a model, and how versions are rolled out behind it. */
export const EndpointDefinition = z
  .object({
    name: Name,
    description: z.string().default(''),
    model: ModelName,
    /** What a request holds: one tensor per input, rows first. */
    inputs: z
      .array(z.object({ name: z.string(), datatype: z.enum(['FP32', 'FP64', 'INT32', 'INT64', 'BOOL', 'BYTES']) }))
      .min(1),
    /** What is predicted. A label above `positiveAbove` is the event whose probability the model gives. */
    target: z.object({ kind: z.enum(['binary', 'regression']), positiveAbove: z.number().default(0.5) }),
    /** Input whose value keeps a caller on one arm; absent: each request for itself. */
    stickyInput: z.string().optional(),
    timeoutMs: z.number().positive().default(10_000),
    maxBatchRows: z.int().min(1).max(100_000).default(4096),
    replicas: z.int().min(1).max(64).default(1),
    /**
     * Labelled predictions become rows of this dataset: column → what fills it (`at`, `label`, `label_at`,
     * `input.<name>`).
     */
    feedback: z.object({ dataset: Name, columns: z.record(z.string(), z.string()) }).optional(),
    rollout: RolloutPlan.prefault({}),
  })
  .meta({ id: 'EndpointDefinition' });
export type EndpointDefinition = z.infer<typeof EndpointDefinition>;

/** Where a rollout is; all but `running` and `needs_review` are final. */
export const RolloutState = z.enum(['running', 'promoted', 'rolled_back', 'needs_review', 'aborted']);

/** What has been gathered about one metric of a rollout. */
export const MetricEvidence = z.object({
  metric: z.string(),
  verdict: Verdict,
  /** Natural logs of the e-values against "no worse" and against "worse by the margin". */
  logEFail: z.number(),
  logEPass: z.number(),
  estimate: z.number().nullable(),
  low: z.number().nullable(),
  high: z.number().nullable(),
  candidateCount: z.number(),
  championCount: z.number(),
});

/** One look at a running rollout, with the numbers it used. */
export const RolloutCheck = z.object({
  at: Timestamp,
  step: z.number().int(),
  weight: z.number(),
  verdict: Verdict,
  reason: z.string(),
  evidence: z.array(MetricEvidence),
});
export type MetricEvidence = z.infer<typeof MetricEvidence>;
export type RolloutCheck = z.infer<typeof RolloutCheck>;

/** Moving the traffic of an endpoint from one version to another. */
export const Rollout = z
  .object({
    id: z.string(),
    endpoint: z.string(),
    champion: z.number().int().nullable(),
    candidate: z.number().int(),
    plan: RolloutPlan,
    planDigest: z.string(),
    state: RolloutState,
    step: z.number().int(),
    reason: z.string(),
    startedAt: Timestamp,
    /** Event time of the first and the last look. */
    firstEventAt: Timestamp.nullable(),
    lastEventAt: Timestamp.nullable(),
    endedAt: Timestamp.nullable(),
    startedBy: z.string(),
    candidateAnswered: z.number().int(),
    checks: z.array(RolloutCheck),
  })
  .meta({ id: 'Rollout' });
export type Rollout = z.infer<typeof Rollout>;

/** A version behind an endpoint and the processes that serve it. */
export const Deployment = z.object({
  version: z.number().int(),
  role: z.enum(['champion', 'candidate', 'shadow']),
  weight: z.number(),
  replicas: z.array(
    z.object({
      id: z.string(),
      state: z.string(),
      pid: z.number().nullable(),
      rows: z.number(),
      error: z.string().nullable(),
    }),
  ),
});

/** An endpoint with its deployments and how far its truth is known. */
export type Deployment = z.infer<typeof Deployment>;

/** An endpoint with its deployments and how far its truth is known. */
export const Endpoint = EndpointDefinition.extend({
  champion: z.number().int().nullable(),
  deployments: z.array(Deployment),
  activeRollout: z.string().nullable(),
  /** Event time up to which predictions and labels are complete. */
  watermark: Timestamp.nullable(),
  predictions: z.number(),
  labels: z.number(),
  unknownLabels: z.number(),
  /** Answered, but not logged: the disk or the spool was full. */
  lostPredictions: z.number(),
  createdAt: Timestamp,
  updatedAt: Timestamp,
}).meta({ id: 'Endpoint' });
export type Endpoint = z.infer<typeof Endpoint>;

/** The truth about predictions, by their ids. */
export const LabelBatch = z.object({
  labels: z
    .array(z.object({ id: z.string().max(200), value: z.number(), at: z.union([Timestamp, z.number()]) }))
    .min(1)
    .max(100_000),
});

/** What a version answered in one stretch of time. */
export const TrafficPoint = z.object({
  at: Timestamp,
  version: z.number().int(),
  role: z.string(),
  predictions: z.number(),
  errors: z.number(),
  labels: z.number(),
  meanPrediction: z.number().nullable(),
  meanLabel: z.number().nullable(),
  logLoss: z.number().nullable(),
  p50Ms: z.number().nullable(),
  p99Ms: z.number().nullable(),
});

export type TrafficPoint = z.infer<typeof TrafficPoint>;

const EndpointParams = ProjectParams.extend({ endpoint: Name });
const RolloutParams = ProjectParams.extend({ rollout: z.string() });

/** Endpoints, rollouts, traffic, predictions and labels. */
export const servingRoutes = defineRoutes({
  listEndpoints: {
    method: 'GET',
    path: '/projects/:project/endpoints',
    summary: 'List endpoints',
    access: 'viewer',
    params: ProjectParams,
    query: PageQuery,
    result: pageOf(Endpoint),
  },
  putEndpoint: {
    method: 'PUT',
    path: '/projects/:project/endpoints/:endpoint',
    summary: 'Define an endpoint',
    access: 'contributor',
    params: EndpointParams,
    body: EndpointDefinition.omit({ name: true }),
    result: Endpoint,
    errors: ['invalid_input', 'not_found', 'conflict'],
  },
  getEndpoint: {
    method: 'GET',
    path: '/projects/:project/endpoints/:endpoint',
    summary: 'Get an endpoint with its deployments',
    access: 'viewer',
    params: EndpointParams,
    result: Endpoint,
    errors: ['not_found'],
  },
  deleteEndpoint: {
    method: 'DELETE',
    path: '/projects/:project/endpoints/:endpoint',
    summary: 'Delete an endpoint',
    access: 'admin',
    params: EndpointParams,
    result: Empty,
    errors: ['not_found', 'conflict'],
  },
  startRollout: {
    method: 'POST',
    path: '/projects/:project/endpoints/:endpoint/rollouts',
    summary: 'Roll a version out; the first one of an endpoint becomes champion at once',
    access: 'approver',
    params: EndpointParams,
    body: z.object({ version: z.number().int().min(1), plan: RolloutPlan.optional() }),
    result: Rollout,
    errors: ['not_found', 'conflict', 'not_allowed', 'not_implemented'],
  },
  listRollouts: {
    method: 'GET',
    path: '/projects/:project/endpoints/:endpoint/rollouts',
    summary: 'List rollouts, newest first',
    access: 'viewer',
    params: EndpointParams,
    query: PageQuery,
    result: pageOf(Rollout),
    errors: ['not_found'],
  },
  getRollout: {
    method: 'GET',
    path: '/projects/:project/rollouts/:rollout',
    summary: 'Get a rollout with all its checks',
    access: 'viewer',
    params: RolloutParams,
    result: Rollout,
    errors: ['not_found'],
  },
  decideRollout: {
    method: 'POST',
    path: '/projects/:project/rollouts/:rollout/decision',
    summary: "A person's decision: promote, roll back or resume",
    access: 'approver',
    params: RolloutParams,
    body: z.object({ decision: z.enum(['promote', 'roll_back', 'resume']), reason: z.string().min(1).max(2000) }),
    result: Rollout,
    errors: ['not_found', 'conflict'],
  },
  readTraffic: {
    method: 'GET',
    path: '/projects/:project/endpoints/:endpoint/traffic',
    summary: 'Traffic, errors, latency and label loss over time, per version',
    access: 'viewer',
    params: EndpointParams,
    query: z.object({
      from: Timestamp.optional(),
      until: Timestamp.optional(),
      bucketSeconds: z.coerce.number().int().min(60).default(3600),
    }),
    result: z.object({ points: z.array(TrafficPoint) }),
    errors: ['not_found'],
  },
  readPredictions: {
    method: 'GET',
    path: '/projects/:project/endpoints/:endpoint/predictions',
    summary: 'Read the prediction log, newest first',
    access: 'viewer',
    params: EndpointParams,
    query: z.object({
      limit: z.coerce.number().int().min(1).max(1000).default(50),
      before: Timestamp.optional(),
      id: z.string().optional(),
    }),
    result: z.object({ items: z.array(JsonObject) }),
    errors: ['not_found'],
  },
  postLabels: {
    method: 'POST',
    path: '/projects/:project/endpoints/:endpoint/labels',
    summary: 'Tell the truth about predictions; unknown ids are counted and reported',
    access: 'contributor',
    params: EndpointParams,
    body: LabelBatch,
    result: z.object({ accepted: z.number().int(), unknown: z.number().int(), unknownIds: z.array(z.string()) }),
    errors: ['not_found', 'invalid_input'],
  },
  /**
   * A replay or a batch source says that nothing earlier is to come; answers when the platform has acted on everything
   * up to then.
   */
  advanceWatermark: {
    method: 'POST',
    path: '/projects/:project/endpoints/:endpoint/watermark',
    summary: 'Declare that all predictions and labels up to a moment are in, and wait until they are acted on',
    access: 'contributor',
    params: EndpointParams,
    body: z.object({ at: Timestamp, waitSeconds: z.number().min(0).max(300).default(60) }),
    result: z.object({ watermark: Timestamp, settled: z.boolean(), nextDueAt: Timestamp.nullable() }),
    errors: ['not_found'],
  },
});
