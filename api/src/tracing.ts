import { z } from 'zod';
import { ProjectParams, pageOf } from './page.ts';
import { defineRoutes } from './route.ts';

const Pairs = z.record(z.string(), z.string());

/** How far a trace came. */
export const TraceStatus = z.enum(['STATE_UNSPECIFIED', 'OK', 'ERROR', 'IN_PROGRESS']);

/** One request of an application, as its maker sums it up. */
export const Trace = z
  .object({
    traceId: z.string(),
    experimentId: z.string(),
    name: z.string(),
    status: TraceStatus,
    /** Epoch milliseconds. */
    startTime: z.number().int(),
    durationMs: z.number().nullable(),
    requestPreview: z.string().nullable(),
    responsePreview: z.string().nullable(),
    /** The run that it was made in, if one is named. */
    runId: z.string().nullable(),
    tags: Pairs,
    metadata: Pairs,
    /** What people and judges said of it. */
    assessments: z.array(
      z.object({
        name: z.string(),
        kind: z.enum(['feedback', 'expectation', 'issue']),
        /** JSON. */
        value: z.string(),
        rationale: z.string().nullable(),
        spanId: z.string().nullable(),
      }),
    ),
  })
  .meta({ id: 'Trace' });
export type Trace = z.infer<typeof Trace>;

/** One step of a trace. */
export const TraceSpan = z
  .object({
    spanId: z.string(),
    parentId: z.string().nullable(),
    name: z.string(),
    /** Such as LLM, TOOL, RETRIEVER. */
    type: z.string(),
    status: z.enum(['UNSET', 'OK', 'ERROR']),
    statusMessage: z.string(),
    /** Milliseconds after the first span began. */
    offsetMs: z.number(),
    /** Null while it runs. */
    durationMs: z.number().nullable(),
    /** Texts as they are, anything else as JSON. */
    attributes: Pairs,
    events: z.array(z.object({ name: z.string(), offsetMs: z.number(), attributes: Pairs })),
  })
  .meta({ id: 'TraceSpan' });
export type TraceSpan = z.infer<typeof TraceSpan>;

/** Traces of applications and their spans. */
export const tracingRoutes = defineRoutes({
  searchTraces: {
    method: 'POST',
    path: '/projects/:project/traces/search',
    summary: "Search traces with MLflow's filter language, newest first",
    access: 'viewer',
    params: ProjectParams,
    body: z.object({
      /** Without any: the newest 1,000 experiments of the project. */
      experimentIds: z.array(z.string()).max(1000).default([]),
      /** Only traces made in this run, or joined to it. */
      runId: z
        .string()
        .regex(/^[\w-]{1,64}$/, 'A run id')
        .optional(),
      filter: z.string().max(5000).default(''),
      orderBy: z.array(z.string()).max(10).default([]),
      limit: z.int().min(1).max(500).default(100),
      pageToken: z.string().optional(),
    }),
    result: pageOf(Trace),
    errors: ['invalid_input'],
  },
  getTrace: {
    method: 'GET',
    path: '/projects/:project/traces/:trace',
    summary: 'Get a trace with its spans',
    access: 'viewer',
    params: ProjectParams.extend({ trace: z.string().min(1).max(100) }),
    result: z.object({
      trace: Trace,
      /** In the order in which they began. */
      spans: z.array(TraceSpan),
      /** Whether all spans that were announced are here. */
      isWhole: z.boolean(),
      /** Why the spans that a client wrote as a file cannot be shown. */
      problem: z.string().nullable(),
    }),
    errors: ['not_found', 'invalid_input'],
  },
});
