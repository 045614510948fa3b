// How versions answer, at any load: endpoints, rollouts, replicas, the log of predictions and labels.
// It moves the champion by evidence; who may start a rollout, and what production looks like, is decided by others.

import type { servingRoutes } from '@flyball/api';
import type { Data } from '#data';
import type { Features } from '#features';
import { ReusedSandbox } from '#platform/analytics/reused-sandbox';
import type { Handlers } from '#platform/http/serve';
import type { Platform } from '#platform/platform';
import type { Registry } from '#registry';
import { servingActions } from './actions.ts';
import { SettledWatch } from './advance-watermark.ts';
import { findEndpoint, forgetDue, listEndpoints } from './endpoint-store.ts';
import { Gateway } from './gateway.ts';
import { localPaths } from './log-relation.ts';
import type { ServingParts } from './parts.ts';
import { presentEndpoints, presentRollouts } from './present-endpoint.ts';
import { getEndpoint, requireEndpoint } from './put-endpoint.ts';
import { listRollouts } from './rollout-store.ts';
import { servingHandlers } from './routes.ts';
import { logSpan, neededSegments, segmentsBetween } from './segment-store.ts';
import type { AdvanceHook, ServingDoor } from './serving-door.ts';
import { ServingWorker } from './serving-worker.ts';
import { getRollout, startRollout } from './start-rollout.ts';

export type { Gateway } from './gateway.ts';
export type { InferAnswer, InferRequest } from './infer-request.ts';
export { placedLabelsSql } from './log-sql.ts';
export type { RolloutGuard } from './parts.ts';
export { readLabels, readMoment } from './read-labels.ts';
export type { LabelReceipt, NewLabel } from './record-labels.ts';
export type { ServedEndpoint } from './served-endpoint.ts';
export type { AdvanceHook, LogFile, LogKind, LogSpan } from './serving-door.ts';
export type { ColumnValues } from './spool-line.ts';
export { type Datatype, datatypes, decodeRaw, elementSize } from './tensor.ts';

export interface Serving extends ServingDoor {
  readonly handlers: Handlers<typeof servingRoutes>;
  /** Answers in the gateway's process. */
  readonly gateway: Gateway;
  start(role: 'api' | 'worker' | 'gateway'): Promise<void>;
  stop(): Promise<void>;
}

const MANY = 1_000_000;

function doorOf(parts: ServingParts, hooks: AdvanceHook[]): ServingDoor {
  const { database } = parts.platform;
  const files: ServingDoor['logFiles'] = async (kind, project, name, fromMs, untilMs) => {
    const { id } = await requireEndpoint(parts, project, name);
    const segments = await segmentsBetween(database, id, kind, new Date(fromMs), new Date(untilMs));
    const paths = await localPaths(parts, segments);
    return segments.map(({ minAt, maxAt }, i) => ({
      path: paths[i]!,
      minAtMs: minAt.getTime(),
      maxAtMs: maxAt.getTime(),
    }));
  };
  return {
    actions: servingActions(parts),
    getEndpoint: async (project, name) => await getEndpoint(parts, project, name),
    listEndpoints: async (project) =>
      await presentEndpoints(database, await listEndpoints(database, { project, limit: MANY })),
    listRollouts: async (project, name) => {
      const { id } = await requireEndpoint(parts, project, name);
      return await presentRollouts(database, name, await listRollouts(database, { endpointId: id, limit: MANY }));
    },
    getRollout: async (project, id) => await getRollout(parts, project, id),
    startRollout: async (actor, project, name, version, plan) =>
      await startRollout(parts, actor, project, name, version, plan),
    guardRollouts: (guard) => {
      parts.rolloutGuard = guard;
    },
    logFiles: files,
    logSpan: async (project, name) => {
      const { id } = await requireEndpoint(parts, project, name);
      const { first, last } = await logSpan(database, id);
      return { firstPredictionMs: first?.getTime() ?? null, lastPredictionMs: last?.getTime() ?? null };
    },
    onAdvance: (hook) => void hooks.push(hook),
    expectAdvance: async (trx, project, name) => {
      const endpoint = await findEndpoint(trx, project, name);
      if (endpoint !== null) await forgetDue(trx, endpoint.id);
    },
  };
}

export function createServing(platform: Platform, data: Data, features: Features, registry: Registry): Serving {
  // Lines of a few megabytes are read by one thread with half the work of two.
  const ingestion = new ReusedSandbox(platform.analytics, { name: 'ingest-log', threads: 1 });
  const parts: ServingParts = { platform, data, features, registry, ingestion, rolloutGuard: async () => null };
  platform.objectSweeps.keep({ needed: neededSegments });
  const hooks: AdvanceHook[] = [];
  const settled = new SettledWatch(parts);
  const gateway = new Gateway(parts);
  const worker = new ServingWorker(parts, hooks);
  const running: { stop(): Promise<void> }[] = [];
  const part = { api: settled, worker, gateway };
  return {
    ...doorOf(parts, hooks),
    handlers: servingHandlers(parts, settled, gateway),
    gateway,
    start: async (role) => {
      running.push(part[role]);
      await part[role].start();
    },
    stop: async () => {
      for (const one of running.splice(0).reverse()) await one.stop();
    },
  };
}
