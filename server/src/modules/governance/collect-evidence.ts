import { createHash } from 'node:crypto';
import { type Evidence, type ModelVersion, PlatformError } from '@flyball/api';
import { canonicalJson } from '#platform/canonical-json';
import { listApprovals } from './approval-store.ts';
import type { GovernanceParts } from './parts.ts';

type Section = Evidence['sections'][number];
type Item = Section['items'][number];

async function unlessMissing<T>(answer: Promise<T>): Promise<T | null> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof PlatformError && error.code === 'not_found') return null;
    throw error;
  }
}

const item = (value: object): Item => ({ ...value });

async function dataItems({ data, features }: GovernanceParts, project: string, version: ModelVersion): Promise<Item[]> {
  const { dataset } = version;
  if (dataset === null) return [];
  const found = await unlessMissing(data.getVersion(project, dataset.name, dataset.version));
  const set =
    dataset.trainingSetId === null
      ? null
      : await unlessMissing(features.getTrainingSet(project, dataset.trainingSetId));
  const rows = found && {
    dataset: `${found.dataset}@${found.version}`,
    sha256: found.digest,
    rows: found.rowCount,
    validation: found.validationId,
    verdict: found.verdict,
    createdAt: found.createdAt,
    createdBy: found.createdBy,
    source: found.source,
  };
  const table = set && {
    trainingSet: set.id,
    sha256: set.digest,
    rows: set.rowCount,
    spec: set.spec,
    views: set.viewVersions,
  };
  return [rows, table].filter((one) => one !== null).map(item);
}

async function runItems({ tracking }: GovernanceParts, project: string, version: ModelVersion): Promise<Item[]> {
  if (version.runId === null) return [];
  const run = await unlessMissing(tracking.getRun(project, version.runId));
  if (run === null) return [];
  const metrics = Object.fromEntries(Object.entries(run.metrics).map(([key, { value }]) => [key, value]));
  const { runId, name, status, user, startTime, endTime, params } = run;
  return [item({ runId, name, status, user, startTime, endTime, params, metrics })];
}

function codeItems(version: ModelVersion, run: Item | undefined): Item[] {
  const code = {
    platform: 'flyball',
    flavor: version.flavor,
    source: version.source,
    tags: version.tags,
    params: run?.['params'],
  };
  return [item(code)];
}

async function rolloutItems({ serving }: GovernanceParts, project: string, version: ModelVersion): Promise<Item[]> {
  const endpoints = (await serving.listEndpoints(project)).filter(({ model }) => model === version.model);
  const items: Item[] = [];
  for (const endpoint of endpoints) {
    for (const rollout of await serving.listRollouts(project, endpoint.name)) {
      if (rollout.candidate !== version.version) continue;
      const { checks, ...rest } = rollout;
      items.push(item({ ...rest, checks: checks.length, lastCheck: checks.at(-1) ?? null }));
    }
  }
  return items;
}

/**
 * Gathers what proves how a version came to be. The digest covers the sections, so a copy can be compared with the
 * original.
 */
export async function collectEvidence(
  parts: GovernanceParts,
  project: string,
  model: string,
  number: number,
): Promise<Evidence> {
  const { platform, registry, evaluation } = parts;
  const version = await registry.getVersion(project, model, number);
  const page = { project, model, version: number, limit: 1000 };
  const runs = await runItems(parts, project, version);
  const audit = await platform.audit.list({
    project,
    limit: 1000,
    subjectKind: 'model_version',
    subjectId: `${model}@${number}`,
  });
  const { files, digest: filesDigest, scan } = version;
  const sections: Section[] = [
    { title: 'Data', kind: 'data', items: await dataItems(parts, project, version) },
    { title: 'Code and settings', kind: 'code', items: codeItems(version, runs[0]) },
    { title: 'Training run', kind: 'run', items: runs },
    { title: 'Files', kind: 'files', items: [item({ sha256: filesDigest, scan }), ...files.map(item)] },
    { title: 'Evaluations', kind: 'evaluation', items: (await evaluation.listEvaluations(page)).map(item) },
    { title: 'Gates', kind: 'gates', items: (await evaluation.listGateReports(page)).map(item) },
    { title: 'Approvals', kind: 'approvals', items: (await listApprovals(platform.database, page)).map(item) },
    { title: 'Rollouts', kind: 'rollout', items: await rolloutItems(parts, project, version) },
    { title: 'Audit trail', kind: 'audit', items: audit.map(item) },
  ];
  const digest = createHash('sha256').update(canonicalJson(sections)).digest('hex');
  return { model, version: number, generatedAt: platform.clock.now().toISOString(), digest, sections };
}
