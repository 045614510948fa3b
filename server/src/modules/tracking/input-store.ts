import { sql } from 'kysely';
import type { Queryable } from '#platform/database/database';
import type { StoredInput } from './run-store.ts';

/** Datasets are one per (experiment, name, digest); an input joins a run to one, once. */
export async function insertDatasetInputs(
  on: Queryable,
  run: { readonly id: number; readonly experiment: number },
  inputs: readonly StoredInput[],
): Promise<void> {
  const sorted = [...inputs].sort((a, b) => (a.name + a.digest < b.name + b.digest ? -1 : 1));
  const column = (pick: (input: StoredInput) => string | null) => sorted.map(pick);
  const names = column(({ name }) => name);
  const digests = column(({ digest }) => digest);
  const tables = on.tables<unknown>();
  await sql`insert into tracking.dataset (experiment, name, digest, source_type, source, schema, profile)
    select ${run.experiment}::bigint, given.* from unnest(${names}::text[], ${digests}::text[],
      ${column(({ sourceType }) => sourceType)}::text[], ${column(({ source }) => source)}::text[],
      ${column(({ schema }) => schema)}::text[], ${column(({ profile }) => profile)}::text[]) as given
    on conflict (experiment, name, digest) do nothing`.execute(tables);
  await sql`insert into tracking.dataset_input (run, dataset, tags)
    select ${run.id}::bigint, d.id, given.tags
    from unnest(${names}::text[], ${digests}::text[], ${column(({ tags }) => JSON.stringify(tags))}::jsonb[])
      as given (name, digest, tags)
    join tracking.dataset d on d.experiment = ${run.experiment} and d.name = given.name and d.digest = given.digest
    on conflict (run, dataset) do nothing`.execute(tables);
}

export async function insertModelInputs(on: Queryable, run: number, modelIds: readonly string[]): Promise<void> {
  await sql`insert into tracking.model_input (run, model_id) select ${run}::bigint, *
    from unnest(${[...modelIds]}::text[]) on conflict do nothing`.execute(on.tables<unknown>());
}

export async function insertModelOutputs(
  on: Queryable,
  run: number,
  outputs: readonly { readonly modelId: string; readonly step: number }[],
): Promise<void> {
  const modelIds = outputs.map(({ modelId }) => modelId);
  const steps = outputs.map(({ step }) => step);
  await sql`insert into tracking.model_output (run, model_id, step) select ${run}::bigint, given.*
    from unnest(${modelIds}::text[], ${steps}::bigint[]) as given on conflict do nothing`.execute(on.tables<unknown>());
}

export interface DatasetSummary {
  experiment: number;
  name: string;
  digest: string;
  context: string | null;
}

/** The datasets that runs of these experiments were given, once for each context. */
export async function listDatasets(
  on: Queryable,
  project: string,
  experiments: readonly number[],
  limit: number,
): Promise<DatasetSummary[]> {
  const { rows } = await sql<DatasetSummary>`select distinct d.experiment, d.name, d.digest,
      i.tags ->> 'mlflow.data.context' as context
    from tracking.dataset d join tracking.experiment e on e.id = d.experiment
    join tracking.dataset_input i on i.dataset = d.id
    where e.project = ${project} and d.experiment = any(${[...experiments]}::bigint[])
    order by d.name, d.digest limit ${limit}`.execute(on.tables<unknown>());
  return rows;
}
