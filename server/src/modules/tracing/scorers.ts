import { randomUUID } from 'node:crypto';
import { invalidInput, PlatformError } from '@flyball/api';
import type { Actor } from '#platform/access/actor';
import { type ExactValue, isExactObject, parseExact } from '#platform/exact-json';
import { checkLength, requireActiveExperiment } from '#tracking';
import type { TracingParts } from './parts.ts';
import {
  countScorers,
  deleteScorerRows,
  findScorer,
  insertScorerVersion,
  listLatestScorers,
  listScorerVersions,
  type StoredScorer,
} from './scorer-store.ts';

const MOST_DEFINITION = 100_000;
const MOST_SCORERS = 1_000;
const MOST_VERSIONS = 1_000;
const MOST_VERSION = 2 ** 31 - 1;
const DEEPEST = 60;

/** Fields of a name at any depth. */
function fieldsCalled(name: string, value: ExactValue, depth = 0): ExactValue[] {
  if (depth > DEEPEST) throw invalidInput('serialized_scorer is nested too deeply');
  if (Array.isArray(value)) return value.flatMap((item: ExactValue) => fieldsCalled(name, item, depth + 1));
  if (!isExactObject(value)) return [];
  return Object.entries(value).flatMap(([key, item]) => [
    ...(key === name ? [item] : []),
    ...fieldsCalled(name, item, depth + 1),
  ]);
}

function parsedDefinition(definition: string): ExactValue {
  checkLength('serialized_scorer', definition, MOST_DEFINITION);
  try {
    const parsed = parseExact(definition);
    if (isExactObject(parsed)) return parsed;
  } catch {
    // Said below.
  }
  throw invalidInput('serialized_scorer must be valid JSON');
}

/** A scorer is data: one that carries code would run it wherever it is read, and there are no gateways to call. */
function checkDefinition(definition: string): void {
  const parsed = parsedDefinition(definition);
  if (fieldsCalled('call_source', parsed).some((source) => source !== null)) {
    throw invalidInput(
      'Custom scorer registration (using @scorer decorator) is disabled: such a scorer is code that would run where ' +
        'it is loaded. Keep its code in a repository and import it, or use built-in scorers or make_judge().',
    );
  }
  const gateway = fieldsCalled('model', parsed).find((model) => typeof model === 'string' && /^gateway:\//.test(model));
  if (gateway === undefined) return;
  const name = String(gateway).replace(/^gateway:\/+/, '');
  throw new PlatformError('not_found', `GatewayEndpoint not found (name='${name}')`);
}

async function experimentOf({ tracking }: TracingParts, project: string, experimentId: string): Promise<number> {
  const experiment = await tracking.experiments.get(project, experimentId);
  requireActiveExperiment(experiment);
  return experiment.id;
}

function scorerMissing(experimentId: string, name: string, version: number | null): PlatformError {
  const which = version === null ? '' : ` and version ${version}`;
  return new PlatformError('not_found', `Scorer with name '${name}'${which} not found for experiment ${experimentId}.`);
}

export interface ScorerInput {
  readonly experimentId: string;
  readonly name: string;
  readonly definition: string;
}

/** Registers the next version of a scorer. */
export async function registerScorer(
  parts: TracingParts,
  actor: Actor,
  project: string,
  { experimentId, name, definition }: ScorerInput,
): Promise<StoredScorer> {
  checkDefinition(definition);
  if (name.trim() === '') throw invalidInput('Scorer name cannot be empty or contain only whitespace.');
  checkLength('name', name, 256);
  const experiment = await experimentOf(parts, project, experimentId);
  const { database, clock, audit } = parts.platform;
  return await database.transaction(async (trx) => {
    const atMs = clock.now().getTime();
    const made = await insertScorerVersion(trx, { scorerId: randomUUID(), experiment, name, definition, atMs });
    const counts = await countScorers(trx, made);
    if (counts.scorers > MOST_SCORERS) throw invalidInput(`An experiment can have at most ${MOST_SCORERS} scorers`);
    if (counts.versions > MOST_VERSIONS) throw invalidInput(`A scorer can have at most ${MOST_VERSIONS} versions`);
    const subject = { kind: 'scorer', id: made.scorer_id };
    const details = { name, version: made.version };
    await audit.record(trx, { actor, project, action: 'tracing.scorer-registered', subject, details });
    return made;
  });
}

/** The latest version of each scorer of one experiment. */
export async function listScorers(parts: TracingParts, project: string, experimentId: string): Promise<StoredScorer[]> {
  const experiment = await experimentOf(parts, project, experimentId);
  return await listLatestScorers(parts.platform.database, [experiment]);
}

const MOST_EXPERIMENTS = 1_000;

/** The same of several experiments, or of all of the project; those that are not there are passed over. */
export async function listScorersAcross(
  { platform, tracking }: TracingParts,
  project: string,
  experimentIds: readonly string[] | null,
): Promise<StoredScorer[]> {
  if ((experimentIds?.length ?? 0) > MOST_EXPERIMENTS) {
    throw invalidInput(`A request can name at most ${MOST_EXPERIMENTS} experiments`);
  }
  const active: number[] = [];
  let pageToken: string | undefined;
  const wanted = experimentIds === null ? null : new Set(experimentIds);
  do {
    const search = { filter: '', orderBy: [], stages: ['active'] as const, limit: MOST_EXPERIMENTS, pageToken };
    const page = await tracking.experiments.search(project, search);
    active.push(...page.items.map(({ id }) => id).filter((id) => wanted === null || wanted.has(String(id))));
    pageToken = page.nextPageToken;
  } while (pageToken !== undefined);
  return await listLatestScorers(platform.database, active);
}

export async function getScorerVersions(
  parts: TracingParts,
  project: string,
  experimentId: string,
  name: string,
): Promise<StoredScorer[]> {
  const experiment = await experimentOf(parts, project, experimentId);
  const versions = await listScorerVersions(parts.platform.database, experiment, name);
  if (versions.length === 0) throw scorerMissing(experimentId, name, null);
  return versions;
}

const isVersion = (version: number | null): boolean => version === null || (version >= 0 && version <= MOST_VERSION);

export async function getScorer(
  parts: TracingParts,
  project: string,
  experimentId: string,
  name: string,
  version: number | null,
): Promise<StoredScorer> {
  const experiment = await experimentOf(parts, project, experimentId);
  const found = isVersion(version) ? await findScorer(parts.platform.database, experiment, name, version) : null;
  if (found === null) throw scorerMissing(experimentId, name, version);
  return found;
}

/** Deletes one version, or a scorer with all of them. */
export async function removeScorer(
  parts: TracingParts,
  actor: Actor,
  project: string,
  experimentId: string,
  { name, version }: { readonly name: string; readonly version: number | null },
): Promise<void> {
  const experiment = await experimentOf(parts, project, experimentId);
  await parts.platform.database.transaction(async (trx) => {
    if (!isVersion(version) || !(await deleteScorerRows(trx, experiment, name, version))) {
      throw scorerMissing(experimentId, name, version);
    }
    const subject = { kind: 'scorer', id: name };
    await parts.platform.audit.record(trx, {
      actor,
      project,
      action: 'tracing.scorer-deleted',
      subject,
      details: { experimentId, version },
    });
  });
}
