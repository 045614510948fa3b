import { PlatformError, type servingRoutes } from '@flyball/api';
import type { Handlers } from '#platform/http/serve';
import { advanceWatermark, type SettledWatch } from './advance-watermark.ts';
import { decideRollout } from './decide-rollout.ts';
import { listEndpoints } from './endpoint-store.ts';
import type { Gateway } from './gateway.ts';
import type { ServingParts } from './parts.ts';
import { presentEndpoints, presentRollouts } from './present-endpoint.ts';
import { getEndpoint, putEndpoint, removeEndpoint, requireEndpoint } from './put-endpoint.ts';
import { readLabels } from './read-labels.ts';
import { readPredictions } from './read-predictions.ts';
import { readTraffic } from './read-traffic.ts';
import { listRollouts } from './rollout-store.ts';
import { getRollout, startRollout } from './start-rollout.ts';

function pageOf<T>(items: T[], limit: number, tokenOf: (item: T) => string) {
  const last = items.at(-1);
  return items.length === limit && last !== undefined ? { items, nextPageToken: tokenOf(last) } : { items };
}

export function servingHandlers(
  parts: ServingParts,
  settled: SettledWatch,
  gateway: Gateway,
): Handlers<typeof servingRoutes> {
  const { database } = parts.platform;
  return {
    listEndpoints: async ({ project, query: { limit, pageToken: after, search } }) => {
      const rows = await listEndpoints(database, { project, limit, after, search });
      return pageOf(await presentEndpoints(database, rows), limit, ({ name }) => name);
    },
    putEndpoint: async ({ actor, project, params, body }) =>
      await putEndpoint(parts, actor, project, { ...body, name: params.endpoint }),
    getEndpoint: async ({ project, params }) => await getEndpoint(parts, project, params.endpoint),
    deleteEndpoint: async ({ actor, project, params }) => {
      await removeEndpoint(parts, actor, project, params.endpoint);
      return {};
    },
    startRollout: async ({ actor, project, params, body: { version, plan } }) =>
      await startRollout(parts, actor, project, params.endpoint, version, plan),
    listRollouts: async ({ project, params, query: { limit, pageToken: before } }) => {
      const { id, name } = await requireEndpoint(parts, project, params.endpoint);
      const rows = await listRollouts(database, { endpointId: id, limit, before });
      return pageOf(await presentRollouts(database, name, rows), limit, (rollout) => rollout.id);
    },
    getRollout: async ({ project, params }) => await getRollout(parts, project, params.rollout),
    decideRollout: async ({ actor, project, params, body }) =>
      await decideRollout(parts, actor, project, params.rollout, body),
    readTraffic: async ({ project, params, query }) => await readTraffic(parts, project, params.endpoint, query),
    readPredictions: async ({ project, params, query }) =>
      await readPredictions(parts, project, params.endpoint, query),
    postLabels: async ({ project, params, body }) => {
      if (gateway.isReady) return await gateway.recordLabels(project, params.endpoint, readLabels(body));
      throw new PlatformError('unavailable', 'Labels are taken by the gateway, which does not run in this program');
    },
    advanceWatermark: async ({ project, params, body, signal }) => {
      const call = { project, endpoint: params.endpoint, at: new Date(body.at), waitSeconds: body.waitSeconds };
      return await advanceWatermark(parts, settled, call, signal);
    },
  };
}
