import { invalidInput, PlatformError, type trackingImportRoutes } from '@flyball/api';
import type { Handlers } from '#platform/http/serve';
import { proxiedPath } from './artifact-location.ts';
import type { ArtifactPlace } from './artifact-places.ts';
import { filesBelow } from './artifacts.ts';
import { checkMetricKey } from './check-key.ts';
import { importExperiments, importLoggedModels, importRuns } from './import-runs.ts';
import { countRunContents } from './import-store.ts';
import { storedNumber } from './metric-number.ts';
import type { StoredPoint } from './metric-write-store.ts';
import type { TrackingParts } from './parts.ts';
import type { TrackingDoor } from './tracking-door.ts';

const MOST_POINTS = 10_000;

interface Series {
  readonly key: string;
  readonly points: readonly (readonly [timestamp: number, step: number, value: number | string])[];
}

function pointsOf(series: readonly Series[]): StoredPoint[] {
  const count = series.reduce((sum, { points }) => sum + points.length, 0);
  if (count > MOST_POINTS) throw invalidInput(`A request can import at most ${MOST_POINTS} points, not ${count}`);
  return series.flatMap(({ key, points }) => {
    checkMetricKey(key, () => 'key');
    return points.map(([timestampMs, step, value]) => ({ key, timestampMs, step, ...storedNumber(Number(value)) }));
  });
}

async function filesOf(parts: TrackingParts, project: string, place: ArtifactPlace) {
  const folder = proxiedPath(place.artifact_uri);
  if (folder === null) {
    throw new PlatformError('not_implemented', `The artifacts at ${place.artifact_uri} are not kept by this server`);
  }
  const files = await filesBelow(parts, project, folder);
  return { folder, files: files.map(({ path, digest, size_bytes: sizeBytes }) => ({ path, digest, sizeBytes })) };
}

/** The tracking half of `api/src/mlflow-import.ts`, each route to its use case. */
export function trackingImportHandlers(
  parts: TrackingParts,
  door: TrackingDoor,
): Handlers<typeof trackingImportRoutes> {
  return {
    importExperiments: async ({ actor, project, body }) => ({
      items: await importExperiments(parts, actor, project, body.experiments),
    }),
    importRuns: async ({ actor, project, body }) => await importRuns(parts, actor, project, body.runs),
    importMetrics: async ({ project, params, body }) => {
      const points = pointsOf(body.series);
      const write = { project, runId: params.run, points, params: new Map(), tags: new Map() };
      if (points.length > 0) await parts.writes.submit({ ...write, single: false, inTrash: true });
      return {};
    },
    importLoggedModels: async ({ actor, project, body }) =>
      await importLoggedModels(parts, actor, project, body.models),
    countImportedRuns: async ({ project, body }) => ({
      items: await countRunContents(parts.platform.database, project, body.runIds),
    }),
    listImportedFiles: async ({ project, params: { kind, id } }) => {
      const isRun = kind === 'run';
      const place = await (isRun ? door.runs.get(project, id) : door.models.get(project, id, { deleted: true }));
      return await filesOf(parts, project, place);
    },
  };
}
