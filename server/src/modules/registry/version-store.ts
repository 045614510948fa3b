import type { ModelVersion } from '@flyball/api';
import { sql } from 'kysely';
import type { Queryable } from '#platform/database/database';

interface VersionTable {
  project: string;
  model: string;
  version: number;
  description: string;
  run_id: string | null;
  run_link: string | null;
  model_id: string | null;
  source: string;
  dataset: ModelVersion['dataset'];
  flavor: ModelVersion['flavor'];
  inputs: ModelVersion['inputs'];
  files: ModelVersion['files'];
  digest: string;
  scan: ModelVersion['scan'];
  stage: ModelVersion['stage'];
  tags: Record<string, string>;
  created_at: Date;
  updated_at: Date;
  created_by: string;
}

interface Tables {
  'registry.version': VersionTable;
}

type VersionRow = VersionTable & { aliases: string[] };

export type StoredVersion = VersionRow;

export const versionColumns = sql`v.*, coalesce((select array_agg(a.alias order by a.alias) from registry.alias a
  where a.project = v.project and a.model = v.model and a.version = v.version), '{}') as aliases`;

export const presentVersion = (row: VersionRow): ModelVersion => ({
  model: row.model,
  version: row.version,
  description: row.description,
  runId: row.run_id,
  source: row.source,
  dataset: row.dataset,
  flavor: row.flavor,
  inputs: row.inputs,
  files: row.files,
  digest: row.digest,
  scan: row.scan,
  stage: row.stage,
  aliases: row.aliases,
  tags: row.tags,
  runLink: row.run_link,
  loggedModelId: row.model_id,
  createdAt: row.created_at.toISOString(),
  updatedAt: row.updated_at.toISOString(),
  createdBy: row.created_by,
});

export type NewVersionRow = Omit<ModelVersion, 'stage' | 'aliases' | 'createdAt' | 'updatedAt'>;

export async function insertVersion(on: Queryable, project: string, version: NewVersionRow): Promise<void> {
  const json = (value: unknown) => sql`${JSON.stringify(value)}::jsonb`;
  await sql`insert into registry.version (project, model, version, description, run_id, source, dataset, flavor, inputs,
      files, digest, scan, tags, created_by, run_link, model_id)
    values (${project}, ${version.model}, ${version.version}, ${version.description}, ${version.runId},
      ${version.source},
      ${version.dataset === null ? null : json(version.dataset)}, ${version.flavor}, ${json(version.inputs)},
      ${json(version.files)}, ${version.digest}, ${json(version.scan)}, ${json(version.tags)},
      ${version.createdBy}, ${version.runLink}, ${version.loggedModelId})`.execute(on.tables<Tables>());
}

export async function findVersion(
  on: Queryable,
  project: string,
  model: string,
  version: number,
): Promise<ModelVersion | null> {
  const { rows } = await sql<VersionRow>`select ${versionColumns} from registry.version v
    where v.project = ${project} and v.model = ${model} and v.version = ${version}`.execute(on.tables<Tables>());
  return rows[0] === undefined ? null : presentVersion(rows[0]);
}

export async function findByAlias(
  on: Queryable,
  project: string,
  model: string,
  alias: string,
): Promise<ModelVersion | null> {
  const { rows } = await sql<VersionRow>`select ${versionColumns} from registry.version v
    join registry.alias b on b.project = v.project and b.model = v.model and b.version = v.version
    where b.project = ${project} and b.model = ${model} and b.alias = ${alias}`.execute(on.tables<Tables>());
  return rows[0] === undefined ? null : presentVersion(rows[0]);
}

export interface VersionPage {
  readonly project: string;
  readonly limit: number;
  readonly model?: string | undefined;
  /** Versions of one model below this number. */
  readonly before?: number | undefined;
}

/** Newest first. */
export async function listVersions(on: Queryable, page: VersionPage): Promise<ModelVersion[]> {
  const model = page.model === undefined ? sql`` : sql`and v.model = ${page.model}`;
  const before = page.before === undefined ? sql`` : sql`and v.version < ${page.before}`;
  const { rows } = await sql<VersionRow>`select ${versionColumns} from registry.version v
    where v.project = ${page.project} ${model} ${before}
    order by v.created_at desc, v.model, v.version desc limit ${page.limit}`.execute(on.tables<Tables>());
  return rows.map(presentVersion);
}

export interface VersionChange {
  readonly description?: string | undefined;
  readonly setTags?: Readonly<Record<string, string>> | undefined;
  readonly removeTags?: readonly string[] | undefined;
  readonly stage?: ModelVersion['stage'] | undefined;
}

export async function updateVersion(
  on: Queryable,
  of: { readonly project: string; readonly model: string; readonly version: number },
  change: VersionChange,
): Promise<boolean> {
  // Tags are notes on a version, not a change of it.
  const touch = change.description === undefined && change.stage === undefined ? sql`updated_at` : sql`now()`;
  const result = await sql`update registry.version set
      description = coalesce(${change.description ?? null}, description),
      tags = (tags || ${JSON.stringify(change.setTags ?? {})}::jsonb) - ${[...(change.removeTags ?? [])]}::text[],
      stage = coalesce(${change.stage ?? null}, stage),
      updated_at = ${touch}
    where project = ${of.project} and model = ${of.model} and version = ${of.version}`.execute(on.tables<Tables>());
  return result.numAffectedRows === 1n;
}

/** Archives every other version that is in this stage. */
export async function archiveStage(
  on: Queryable,
  of: { readonly project: string; readonly model: string; readonly version: number; readonly stage: string },
): Promise<void> {
  await sql`update registry.version set stage = 'Archived', updated_at = now()
    where project = ${of.project} and model = ${of.model} and stage = ${of.stage} and version <> ${of.version}`.execute(
    on.tables<Tables>(),
  );
}

export async function deleteVersion(
  on: Queryable,
  of: { readonly project: string; readonly model: string; readonly version: number },
): Promise<boolean> {
  const result = await on
    .tables<Tables>()
    .deleteFrom('registry.version')
    .where('project', '=', of.project)
    .where('model', '=', of.model)
    .where('version', '=', of.version)
    .executeTakeFirst();
  return result.numDeletedRows > 0n;
}

/** The newest version of each stage of these models. */
export async function findLatestVersions(
  on: Queryable,
  project: string,
  models: readonly string[],
): Promise<ModelVersion[]> {
  const { rows } = await sql<VersionRow>`select distinct on (v.model, v.stage) ${versionColumns} from registry.version v
    where v.project = ${project} and v.model = any(${[...models]}::text[])
    order by v.model, v.stage, v.version desc`.execute(on.tables<Tables>());
  return rows.map(presentVersion);
}

/** The versions that came from runs and logged models, by the id of these. */
export async function findVersionsFrom(
  on: Queryable,
  { project, runIds, modelIds }: { project: string; runIds: readonly string[]; modelIds: readonly string[] },
): Promise<Map<string, string[]>> {
  const { rows } = await sql<{ id: string; versions: string[] }>`
    select id, array_agg(model || '@' || version order by model, version) as versions from (
      select run_id as id, model, version from registry.version
      where project = ${project} and run_id = any(${[...runIds]}::text[])
      union select model_id, model, version from registry.version
      where project = ${project} and model_id = any(${[...modelIds]}::text[])) as found
    group by id`.execute(on.tables<Tables>());
  return new Map(rows.map(({ id, versions }) => [id, versions]));
}

/** Those of these objects that are files of versions. */
export async function neededModelFiles(on: Queryable, digests: readonly string[]): Promise<string[]> {
  const { rows } = await sql<{ digest: string }>`select digest from unnest(${[...digests]}::text[]) as given (digest)
    where exists (select from registry.version v
      where v.files @> jsonb_build_array(jsonb_build_object('digest', given.digest)))`.execute(on.tables<unknown>());
  return rows.map(({ digest }) => digest);
}
