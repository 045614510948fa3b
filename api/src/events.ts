import { z } from 'zod';

const version = z.object({ model: z.string(), version: z.number().int() });

/**
 * Every event that right may tell left, and its payload. Events are rows of the outbox, written with the change they
 * tell of.
 */
export const events = {
  'data.version-added': z.object({ dataset: z.string(), version: z.number().int(), verdict: z.string() }),
  'data.version-refused': z.object({ dataset: z.string(), validationId: z.string(), failed: z.array(z.string()) }),
  'features.view-changed': z.object({ view: z.string(), version: z.number().int() }),
  'tracking.run-started': z.object({ runId: z.string(), experimentId: z.string() }),
  'tracking.metrics-logged': z.object({ runId: z.string(), keys: z.array(z.string()) }),
  'tracking.run-finished': z.object({ runId: z.string(), status: z.string() }),
  'registry.version-created': version,
  'registry.alias-changed': version.extend({ alias: z.string() }),
  /** A change of a model, a version or a prompt as webhooks tell it, the data in MLflow's words. */
  'registry.changed': z.object({ event: z.string(), data: z.record(z.string(), z.unknown()) }),
  'evaluation.finished': version.extend({ evaluationId: z.string() }),
  'pipelines.run-changed': z.object({ pipeline: z.string(), runId: z.string(), state: z.string() }),
  'pipelines.step-changed': z.object({ runId: z.string(), step: z.string(), state: z.string() }),
  'serving.endpoint-changed': z.object({ endpoint: z.string() }),
  'serving.rollout-changed': z.object({
    endpoint: z.string(),
    rolloutId: z.string(),
    state: z.string(),
    step: z.number().int(),
    candidate: z.number().int(),
  }),
  'serving.log-ingested': z.object({ endpoint: z.string(), until: z.string() }),
  'monitoring.signals-computed': z.object({ monitor: z.string(), until: z.string() }),
  'monitoring.alert-opened': z.object({
    monitor: z.string(),
    alertId: z.string(),
    rule: z.string(),
    endpoint: z.string(),
    /** Event time of the window that broke the rule. */
    at: z.string(),
  }),
  'monitoring.alert-resolved': z.object({ monitor: z.string(), alertId: z.string(), endpoint: z.string() }),
  'governance.approval-requested': version.extend({ approvalId: z.string() }),
  'governance.approval-decided': version.extend({ approvalId: z.string(), state: z.string() }),
} as const;

/** The names of all events. */
export type EventName = keyof typeof events;
/** What an event of a name tells. */
export type EventPayload<N extends EventName> = z.infer<(typeof events)[N]>;
