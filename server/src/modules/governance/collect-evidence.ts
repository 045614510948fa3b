import { createHash } from 'node:crypto';
import {
  type Evaluation,
  type Evidence,
  type EvidenceSection,
  type ModelVersion,
  PlatformError,
  type RolloutCheck,
  type Run,
} from '@flyball/api';
import { STEP_TAG } from '#evaluation';
import { canonicalJson } from '#platform/canonical-json';
import { listApprovals } from './approval-store.ts';
import type { GovernanceParts } from './parts.ts';

type Items<K extends EvidenceSection['kind']> = Extract<EvidenceSection, { kind: K }>['items'];
type Use = 'training' | 'evaluation';

async function unlessMissing<T>(answer: Promise<T>): Promise<T | null> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof PlatformError && error.code === 'not_found') return null;
    throw error;
  }
}

/** Things by name, with what each of them served for; what trained comes first. */
class Uses {
  readonly #uses = new Map<string, Set<Use>>();

  add(name: string, use: Use): void {
    this.#uses.set(name, (this.#uses.get(name) ?? new Set()).add(use));
  }

  all(): [name: string, uses: Use[]][] {
    return [...this.#uses].map(([name, uses]) => [name, [...uses]]);
  }
}

async function datasetItem({ data }: GovernanceParts, project: string, id: string, uses: Use[]) {
  const [name = '', version] = id.split('@');
  const found = await unlessMissing(data.getVersion(project, name, Number(version)));
  if (found === null) return [];
  const { dataset, digest, rowCount, validationId, verdict, source, createdAt, createdBy } = found;
  const rest = { digest, rowCount, validationId, verdict, source, createdAt, createdBy };
  return [{ kind: 'dataset_version' as const, dataset, version: found.version, uses, ...rest }];
}

/** The rows behind a version: what trained it, and what it was measured on. */
async function dataItems(
  parts: GovernanceParts,
  project: string,
  { dataset: trained }: ModelVersion,
  evaluations: readonly Evaluation[],
): Promise<Items<'data'>> {
  const [datasets, sets] = [new Uses(), new Uses()];
  if (trained !== null) datasets.add(`${trained.name}@${trained.version}`, 'training');
  if (typeof trained?.trainingSetId === 'string') sets.add(trained.trainingSetId, 'training');
  for (const { dataset, trainingSetId } of evaluations) {
    datasets.add(`${dataset.name}@${dataset.version}`, 'evaluation');
    sets.add(trainingSetId, 'evaluation');
  }
  const items: Items<'data'> = [];
  for (const [id, uses] of datasets.all()) items.push(...(await datasetItem(parts, project, id, uses)));
  for (const [id, uses] of sets.all()) {
    const set = await unlessMissing(parts.features.getTrainingSet(project, id));
    if (set === null) continue;
    const { spec, digest, rowCount, viewVersions, datasetVersion } = set;
    const rest = { digest, rowCount, spec, viewVersions };
    items.push({ kind: 'training_set', id, dataset: spec.dataset, version: datasetVersion, uses, ...rest });
  }
  return items;
}

async function runOf({ tracking }: GovernanceParts, project: string, { runId }: ModelVersion): Promise<Run | null> {
  return runId === null ? null : await unlessMissing(tracking.getRun(project, runId));
}

function runItems(run: Run | null): Items<'run'> {
  if (run === null) return [];
  const { runId, name, status, user, startTime, endTime, params, metrics } = run;
  return [{ runId, name, status, user, startTime, endTime, params, metrics }];
}

function codeItems({ flavor, source, tags }: ModelVersion, run: Run | null): Items<'code'> {
  const program = Object.fromEntries(
    Object.entries(run?.tags ?? {}).filter(([name]) => name.startsWith('mlflow.source.')),
  );
  const [pipelineRunId, id] = run?.tags[STEP_TAG]?.split('/') ?? [];
  const step = pipelineRunId === undefined || id === undefined ? null : { pipelineRunId, id };
  return [{ flavor, source, tags, program, step }];
}

/** The last look of each step: what decided it. */
function lastOfSteps(checks: readonly RolloutCheck[]): RolloutCheck[] {
  return [...new Map(checks.map((check) => [check.step, check])).values()];
}

async function rolloutItems(
  { serving }: GovernanceParts,
  project: string,
  version: ModelVersion,
): Promise<Items<'rollout'>> {
  const endpoints = (await serving.listEndpoints(project)).filter(({ model }) => model === version.model);
  const items: Items<'rollout'> = [];
  for (const endpoint of endpoints) {
    for (const rollout of await serving.listRollouts(project, endpoint.name)) {
      if (rollout.candidate !== version.version) continue;
      const { checks, ...rest } = rollout;
      items.push({ ...rest, looks: checks.length, stepChecks: lastOfSteps(checks) });
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
  const run = await runOf(parts, project, version);
  const evaluations = await evaluation.listEvaluations(page);
  const audit = await platform.audit.list({
    project,
    limit: 1000,
    subjectKind: 'model_version',
    subjectId: `${model}@${number}`,
  });
  const { files, digest: filesDigest, scan } = version;
  const sections: EvidenceSection[] = [
    { title: 'Data', kind: 'data', items: await dataItems(parts, project, version, evaluations) },
    { title: 'Code', kind: 'code', items: codeItems(version, run) },
    { title: 'Training run', kind: 'run', items: runItems(run) },
    { title: 'Files', kind: 'files', items: [{ digest: filesDigest, scan, files }] },
    { title: 'Evaluations', kind: 'evaluation', items: evaluations },
    { title: 'Gates', kind: 'gates', items: await evaluation.listGateReports(page) },
    { title: 'Approvals', kind: 'approvals', items: await listApprovals(platform.database, page) },
    { title: 'Rollouts', kind: 'rollout', items: await rolloutItems(parts, project, version) },
    { title: 'Audit trail', kind: 'audit', items: audit },
  ];
  const digest = createHash('sha256').update(canonicalJson(sections)).digest('hex');
  return { model, version: number, generatedAt: platform.clock.now().toISOString(), digest, sections };
}
