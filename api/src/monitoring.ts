import { z } from 'zod';
import { Empty, Name, PageQuery, ProjectParams, pageOf, Timestamp } from './page.ts';
import { defineRoutes } from './route.ts';

const signalKind = z.enum([
  'psi',
  'ks',
  'missing_share',
  'volume',
  'error_share',
  'latency_p99',
  'mean_prediction',
  'prediction_psi',
  'mean_label',
  'log_loss',
  'calibration_error',
  'calibration_bias',
  'auc',
  'label_share',
]);

/** One measured question. `column` names an input for input signals; slices repeat a performance signal per value. */
export const SignalDefinition = z.object({
  id: Name,
  kind: signalKind,
  column: z.string().optional(),
  /** Trailing window that one value is computed over. */
  windowSeconds: z.number().int().positive().default(86_400),
  slice: z.string().optional(),
  minCount: z.int().default(100),
});

/**
 * When a signal is news. `relative` compares with the champion's own reference (its evaluation, or its first settled
 * window).
 */
export const AlertRule = z.object({
  id: Name,
  signal: Name,
  direction: z.enum(['above', 'below', 'away']).default('above'),
  bound: z.number(),
  relativeTo: z.enum(['absolute', 'reference']).default('absolute'),
  /**
   * Opens when `for` of the last `of` values break the bound; closes after `clearAfter` good ones below `clearBound`.
   */
  for: z.int().min(1).default(2),
  of: z.int().min(1).default(3),
  clearBound: z.number().optional(),
  clearAfter: z.int().min(1).default(2),
  severity: z.enum(['critical', 'warning', 'info']).default('warning'),
  /** Event time to stay quiet after an alert closed or a new champion came. */
  cooldownSeconds: z.number().min(0).default(0),
});

/** The questions asked about an endpoint again and again, and when an answer is news. */
export const MonitorDefinition = z
  .object({
    name: Name,
    description: z.string().default(''),
    endpoint: Name,
    everySeconds: z.number().int().positive().default(3600),
    signals: z.array(SignalDefinition).min(1).max(200),
    rules: z.array(AlertRule).default([]),
    webhooks: z
      .array(z.object({ url: z.url(), on: z.array(z.enum(['opened', 'resolved'])).default(['opened', 'resolved']) }))
      .max(10)
      .default([]),
  })
  .meta({ id: 'MonitorDefinition' });
export type MonitorDefinition = z.infer<typeof MonitorDefinition>;

/** A monitor with its state. */
export const Monitor = MonitorDefinition.extend({
  state: z.enum(['ok', 'alert', 'no_data']),
  evaluatedUntil: Timestamp.nullable(),
  createdAt: Timestamp,
  updatedAt: Timestamp,
}).meta({ id: 'Monitor' });
export type Monitor = z.infer<typeof Monitor>;

/** One measured answer, beside what was expected. */
export const SignalValue = z.object({
  signal: z.string(),
  at: Timestamp,
  value: z.number().nullable(),
  reference: z.number().nullable(),
  count: z.number(),
  slice: z.string().nullable(),
  championVersion: z.number().int().nullable(),
});
export type SignalValue = z.infer<typeof SignalValue>;

/** A broken rule, until it holds again. */
export const Alert = z
  .object({
    id: z.string(),
    monitor: z.string(),
    rule: z.string(),
    signal: z.string(),
    endpoint: z.string(),
    severity: z.enum(['critical', 'warning', 'info']),
    state: z.enum(['open', 'resolved']),
    message: z.string(),
    value: z.number().nullable(),
    bound: z.number().nullable(),
    openedAt: Timestamp,
    resolvedAt: Timestamp.nullable(),
    incidentId: z.string(),
  })
  .meta({ id: 'Alert' });
export type Alert = z.infer<typeof Alert>;

/** Alerts of an endpoint grouped until all are resolved, with what was done about them. */
export const Incident = z
  .object({
    id: z.string(),
    endpoint: z.string(),
    state: z.enum(['open', 'resolved']),
    title: z.string(),
    openedAt: Timestamp,
    resolvedAt: Timestamp.nullable(),
    alerts: z.array(Alert),
    /** What was done about it, oldest first: notified, retraining started, rollout ended … */
    timeline: z.array(
      z.object({
        at: Timestamp,
        kind: z.string(),
        text: z.string(),
        ref: z.object({ kind: z.string(), id: z.string() }).nullable(),
      }),
    ),
  })
  .meta({ id: 'Incident' });
export type Incident = z.infer<typeof Incident>;

const MonitorParams = ProjectParams.extend({ monitor: Name });
const IncidentParams = ProjectParams.extend({ incident: z.string() });

/** Monitors, signals, alerts and incidents. */
export const monitoringRoutes = defineRoutes({
  listMonitors: {
    method: 'GET',
    path: '/projects/:project/monitors',
    summary: 'List monitors',
    access: 'viewer',
    params: ProjectParams,
    query: PageQuery,
    result: pageOf(Monitor),
  },
  putMonitor: {
    method: 'PUT',
    path: '/projects/:project/monitors/:monitor',
    summary: 'Define a monitor',
    access: 'contributor',
    params: MonitorParams,
    body: MonitorDefinition.omit({ name: true }),
    result: Monitor,
    errors: ['invalid_input', 'not_found'],
  },
  getMonitor: {
    method: 'GET',
    path: '/projects/:project/monitors/:monitor',
    summary: 'Get a monitor',
    access: 'viewer',
    params: MonitorParams,
    result: Monitor,
    errors: ['not_found'],
  },
  deleteMonitor: {
    method: 'DELETE',
    path: '/projects/:project/monitors/:monitor',
    summary: 'Delete a monitor',
    access: 'admin',
    params: MonitorParams,
    result: Empty,
    errors: ['not_found'],
  },
  readSignals: {
    method: 'GET',
    path: '/projects/:project/monitors/:monitor/signals',
    summary: 'Signal values over time',
    access: 'viewer',
    params: MonitorParams,
    query: z.object({
      signal: z.string().optional(),
      from: Timestamp.optional(),
      until: Timestamp.optional(),
      limit: z.coerce.number().int().min(1).max(50_000).default(5000),
    }),
    result: z.object({ values: z.array(SignalValue) }),
    errors: ['not_found'],
  },
  listAlerts: {
    method: 'GET',
    path: '/projects/:project/alerts',
    summary: 'List alerts, newest first',
    access: 'viewer',
    params: ProjectParams,
    query: PageQuery.extend({ state: z.enum(['open', 'resolved']).optional(), endpoint: Name.optional() }),
    result: pageOf(Alert),
  },
  listIncidents: {
    method: 'GET',
    path: '/projects/:project/incidents',
    summary: 'List incidents, newest first',
    access: 'viewer',
    params: ProjectParams,
    query: PageQuery.extend({ state: z.enum(['open', 'resolved']).optional() }),
    result: pageOf(Incident),
  },
  getIncident: {
    method: 'GET',
    path: '/projects/:project/incidents/:incident',
    summary: 'Get an incident with its timeline',
    access: 'viewer',
    params: IncidentParams,
    result: Incident,
    errors: ['not_found'],
  },
  resolveIncident: {
    method: 'POST',
    path: '/projects/:project/incidents/:incident/resolve',
    summary: 'Close an incident by hand',
    access: 'contributor',
    params: IncidentParams,
    body: z.object({ reason: z.string().min(1).max(2000) }),
    result: Incident,
    errors: ['not_found', 'conflict'],
  },
});
