import { isDeepStrictEqual } from 'node:util';
import type { EndpointDefinition } from '@flyball/api';
import type { DeploymentRow } from './deployment-store.ts';
import type { HostedEndpoint } from './hosted-endpoint.ts';
import type { ServingParts } from './parts.ts';
import type { ReplicaHub } from './replica-hub.ts';
import { ServedVersion } from './served-version.ts';
import { openVersion } from './version-file.ts';

export interface KeepingParts {
  readonly parts: ServingParts;
  readonly hub: ReplicaHub;
  /** A version's state changed. */
  changed(hosted: HostedEndpoint): void;
}

/** What a running version cannot change while it runs. */
const frame = ({ inputs, replicas, maxBatchRows, timeoutMs }: EndpointDefinition) => ({
  inputs,
  replicas,
  maxBatchRows,
  timeoutMs,
});

/**
 * Starts the versions that an endpoint's state names, and ends the others. `broken` are those that cannot be started.
 */
export async function keepVersions(
  hosted: HostedEndpoint,
  broken: Map<number, string>,
  before: EndpointDefinition,
  keeping: KeepingParts,
): Promise<void> {
  const { versions, state } = hosted.served;
  const isReframed = !isDeepStrictEqual(frame(before), frame(state.definition));
  const wanted = new Set([state.champion, state.split?.candidate].filter((version) => version != null));
  const isKept = (number: number): boolean => wanted.has(number) && !isReframed;
  for (const [number, version] of versions) {
    if (isKept(number)) continue;
    versions.delete(number);
    void version.stop();
  }
  for (const number of [...broken.keys()]) if (!isKept(number)) broken.delete(number);
  for (const number of wanted) if (!versions.has(number)) await tryVersion(hosted, number, broken, keeping);
}

async function tryVersion(
  hosted: HostedEndpoint,
  number: number,
  broken: Map<number, string>,
  keeping: KeepingParts,
): Promise<void> {
  try {
    hosted.served.versions.set(number, await startVersion(hosted, number, keeping));
    broken.delete(number);
  } catch (error) {
    broken.set(number, error instanceof Error ? error.message : String(error));
  }
}

async function startVersion(hosted: HostedEndpoint, number: number, keeping: KeepingParts): Promise<ServedVersion> {
  const { definition } = hosted.served.state;
  const { platform } = keeping.parts;
  const { path, inputs } = await openVersion(keeping.parts, hosted.project, definition.model, number);
  const log = platform.log.child({ endpoint: definition.name, version: number });
  return new ServedVersion({
    version: number,
    modelPath: path,
    inputs,
    endpoint: definition,
    hub: keeping.hub,
    log: (line) => log.info(line),
    // Before any traffic nobody knows the event time as of which views are to be loaded; the first request does it
    // then.
    prepare: async ({ features }) => {
      const { newestAt } = hosted.served;
      if (newestAt === 0) return;
      for (const view of new Set(features.map((feature) => feature.view))) await hosted.views.ensure(view, newestAt);
    },
    changed: () => keeping.changed(hosted),
    afterBatch: () => hosted.served.flush(),
  });
}

/** What the platform is told about the versions of an endpoint. */
export function deploymentsOf({ served }: HostedEndpoint, broken: ReadonlyMap<number, string>): DeploymentRow[] {
  const running = [...served.versions.values()].map((version) => ({
    version: version.version,
    state: version.state,
    error: version.error,
    replicas: version.replicas.map(({ id, state, pid, rows, error }) => ({ id, state, pid, rows, error })),
  }));
  const failed = [...broken].map(([version, error]) => ({ version, state: 'failed' as const, error, replicas: [] }));
  return [...running, ...failed];
}
