// Whether production is still right: signals over event time, alerts with hysteresis, incidents and what is done about
// them.
// It owns monitors, signals, alerts and incidents; retraining is started by whoever listens to its events.

import type { monitoringRoutes } from '@flyball/api';
import type { Evaluation } from '#evaluation';
import type { Features } from '#features';
import type { Pipelines } from '#pipelines';
import type { Handlers } from '#platform/http/serve';
import type { Platform } from '#platform/platform';
import type { Registry } from '#registry';
import type { Serving } from '#serving';
import { evaluateMonitor } from './evaluate-monitor.ts';
import { monitorsOfEndpoint } from './monitor-store.ts';
import type { MonitoringParts } from './parts.ts';
import { ProductionWindows } from './production-windows.ts';
import { monitoringHandlers } from './routes.ts';
import { sendWebhook, WEBHOOK_QUEUE, type WebhookJob } from './send-webhook.ts';
import { watchEvent } from './watch-events.ts';

export interface Monitoring {
  readonly handlers: Handlers<typeof monitoringRoutes>;
}

const TOLD_EVENTS = ['pipelines.run-changed', 'serving.rollout-changed'];

export function createMonitoring(
  platform: Platform,
  features: Features,
  registry: Registry,
  evaluation: Evaluation,
  pipelines: Pipelines,
  serving: Serving,
): Monitoring {
  const windows = new ProductionWindows(platform, serving);
  const parts: MonitoringParts = { platform, features, registry, evaluation, pipelines, serving, windows };
  // Everything that is due by a watermark is evaluated before the watermark counts as settled.
  serving.onAdvance(async (project, endpoint, watermarkMs) => {
    const monitors = await monitorsOfEndpoint(platform.database, project, endpoint);
    const { firstPredictionMs } = await serving.logSpan(project, endpoint);
    let nextDueMs: number | null = null;
    for (const monitor of monitors) {
      const due = await evaluateMonitor(parts, monitor, firstPredictionMs ?? watermarkMs, watermarkMs);
      nextDueMs = nextDueMs === null ? due : Math.min(nextDueMs, due);
    }
    return { nextDueMs, busy: (await pipelines.activeRuns(project)) > 0 };
  });
  platform.events.subscribe('monitoring.incidents', TOLD_EVENTS, async (event) => await watchEvent(parts, event));
  platform.jobs.define<WebhookJob>(WEBHOOK_QUEUE, { retryLimit: 8, concurrency: 4 }, async (job) => {
    await sendWebhook(platform, job);
  });
  return { handlers: monitoringHandlers(parts) };
}
