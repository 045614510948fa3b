import { createHash } from 'node:crypto';
import type { KnownVersion, NewLineageNode, VersionClaim } from '#data';
import { versionClaim } from './dataset-link.ts';
import type { TrackingParts } from './parts.ts';
import type { StoredInput } from './run-store.ts';

type Trx = Parameters<Parameters<TrackingParts['platform']['database']['transaction']>[0]>[0];

const CONTEXT_TAG = 'mlflow.data.context';
const LONGEST_SOURCE = 2_000;

/** The addresses under which clients reach this server. */
function ownAddresses({ publicUrl, host, port, staticPrefix = '' }: TrackingParts['platform']['config']): string[] {
  const hosts = [...new Set([host, '127.0.0.1', 'localhost'])];
  const local = hosts.map((name) => `http://${name.includes(':') ? `[${name}]` : name}:${port}${staticPrefix}`);
  return publicUrl === undefined ? local : [publicUrl, ...local];
}

/** Of versions with the same digest the newest of the dataset that has the name, or the only one. */
function matching(claim: VersionClaim, name: string, known: readonly KnownVersion[]): KnownVersion | undefined {
  if (claim.version !== undefined) {
    return known.find(({ dataset, version }) => dataset === claim.dataset && version === claim.version);
  }
  const same = known.filter(({ digest }) => digest.startsWith(claim.digest));
  return same.filter(({ dataset }) => dataset === name).at(-1) ?? (same.length === 1 ? same[0] : undefined);
}

/** What is not ours is one thing for all runs that say the same of it. */
function externalNode({ name, digest, sourceType, source }: StoredInput): NewLineageNode {
  const id = createHash('sha256')
    .update(JSON.stringify([name, digest, sourceType, source]))
    .digest('hex')
    .slice(0, 32);
  const details = { digest, type: sourceType, source: source.slice(0, LONGEST_SOURCE) };
  return { kind: 'external_dataset', id, title: name, details };
}

const versionNode = ({ dataset, version }: KnownVersion): NewLineageNode => ({
  kind: 'dataset_version',
  id: `${dataset}@${version}`,
  title: `${dataset}@${version}`,
});

/**
 * Ties runs to the datasets that they say they read: to versions of ours where that is exact (a tag, an address of this
 * server, a digest), otherwise to what they call it.
 */
export async function recordDatasetLineage(
  { platform, data }: TrackingParts,
  trx: Trx,
  project: string,
  runs: readonly { readonly runId: string; readonly name: string; readonly inputs: readonly StoredInput[] }[],
): Promise<void> {
  const own = ownAddresses(platform.config);
  const inputs = runs.flatMap(({ runId, name, inputs: all }) =>
    all.map((input) => ({ runId, name, input, claim: versionClaim(input, project, own) })),
  );
  if (inputs.length === 0) return;
  const claims = inputs.flatMap(({ claim }) => claim ?? []);
  const known = claims.length === 0 ? [] : await data.knownVersions(trx, project, claims);
  const tied = inputs.map(({ runId, name, input, claim }) => {
    const version = claim === null ? undefined : matching(claim, input.name, known);
    const from = version === undefined ? externalNode(input) : versionNode(version);
    const role = input.tags[CONTEXT_TAG]?.slice(0, 100) || 'read';
    return { from, to: { kind: 'run', id: runId, title: name }, role };
  });
  await data.lineage.recordInputs(trx, project, tied);
}
