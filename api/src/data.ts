import { z } from 'zod';
import { Digest, Empty, JsonObject, Name, PageQuery, ProjectParams, pageOf, Timestamp } from './page.ts';
import { defineRoutes } from './route.ts';

const bounds = { min: z.number().optional(), max: z.number().optional() };
const column = { column: z.string().min(1) };
const common = {
  /** Stable name of the rule; derived from kind and columns when absent. */
  id: z.string().optional(),
  description: z.string().optional(),
  severity: z.enum(['critical', 'warning', 'info']).default('critical'),
};
const row = { ...common, mostly: z.number().min(0).max(1).default(1), where: z.string().optional() };

/**
 * One rule of a contract. Row rules skip nulls unless they are about null, and hold for a share of at least `mostly`.
 */
export const Expectation = z
  .discriminatedUnion('kind', [
    z.object({ kind: z.literal('not_null'), ...column, ...row }),
    z.object({ kind: z.literal('null'), ...column, ...row }),
    z.object({ kind: z.literal('unique'), ...column, ...row }),
    z.object({
      kind: z.literal('between'),
      ...column,
      min: z.union([z.number(), z.string()]).optional(),
      max: z.union([z.number(), z.string()]).optional(),
      strictMin: z.boolean().default(false),
      strictMax: z.boolean().default(false),
      ...row,
    }),
    z.object({
      kind: z.literal('in_set'),
      ...column,
      values: z.array(z.union([z.string(), z.number(), z.boolean()])),
      ...row,
    }),
    z.object({
      kind: z.literal('not_in_set'),
      ...column,
      values: z.array(z.union([z.string(), z.number(), z.boolean()])),
      ...row,
    }),
    z.object({ kind: z.literal('matches'), ...column, regex: z.string().max(500), ...row }),
    z.object({ kind: z.literal('not_matches'), ...column, regex: z.string().max(500), ...row }),
    z.object({ kind: z.literal('length_between'), ...column, ...bounds, ...row }),
    z.object({ kind: z.literal('expression'), sql: z.string().min(1).max(2000), ...row }),
    z.object({
      kind: z.literal('pair_greater'),
      columnA: z.string(),
      columnB: z.string(),
      orEqual: z.boolean().default(false),
      ...row,
    }),
    z.object({ kind: z.literal('pair_equal'), columnA: z.string(), columnB: z.string(), ...row }),
    z.object({ kind: z.literal('compound_unique'), columns: z.array(z.string()).min(1), ...row }),
    z.object({ kind: z.literal('duplicate_rows'), maxShare: z.number().min(0).max(1).default(0), ...common }),
    z.object({ kind: z.literal('of_type'), ...column, type: z.string(), ...common }),
    z.object({
      kind: z.literal('schema'),
      columns: z.array(z.object({ name: z.string(), type: z.string().optional() })),
      exact: z.boolean().default(false),
      ...common,
    }),
    z.object({ kind: z.literal('row_count'), ...bounds, ...common }),
    /** The newest value of a time column is at most this old, against `asOf` of the version (default: now). */
    z.object({ kind: z.literal('fresh'), ...column, maxAgeSeconds: z.number().positive(), ...common }),
    z.object({ kind: z.literal('mean'), ...column, ...bounds, ...common }),
    z.object({ kind: z.literal('stdev'), ...column, ...bounds, ...common }),
    z.object({ kind: z.literal('sum'), ...column, ...bounds, ...common }),
    z.object({ kind: z.literal('quantile'), ...column, quantile: z.number().min(0).max(1), ...bounds, ...common }),
    z.object({ kind: z.literal('distinct_count'), ...column, ...bounds, ...common }),
    /** A SELECT over `{data}`; every row it returns is a failing row. */
    z.object({
      kind: z.literal('custom_sql'),
      sql: z.string().min(1).max(5000),
      maxRows: z.number().int().min(0).default(0),
      ...common,
    }),
  ])
  .meta({ id: 'Expectation' });
export type Expectation = z.infer<typeof Expectation>;
/** A rule as one writes it, defaults left out. */
export type ExpectationInput = z.input<typeof Expectation>;

/** A dataset as it is defined: its name, its time column and its contract. */
export const DatasetDefinition = z
  .object({
    name: Name,
    description: z.string().default(''),
    /** Column that says when a row happened; enables freshness and time profiles. */
    timeColumn: z.string().optional(),
    expectations: z.array(Expectation).default([]),
  })
  .meta({ id: 'DatasetDefinition' });
export type DatasetDefinition = z.infer<typeof DatasetDefinition>;

/** A named table of rows, with its contract and its size. */
export const Dataset = DatasetDefinition.extend({
  createdAt: Timestamp,
  updatedAt: Timestamp,
  latestVersion: z.number().int().nullable(),
  rowCount: z.number().int(),
  sizeBytes: z.number().int(),
}).meta({ id: 'Dataset' });
export type Dataset = z.infer<typeof Dataset>;

/** What one scan found in a column. */
export const ColumnProfile = z
  .object({
    name: z.string(),
    type: z.string(),
    count: z.number(),
    nullCount: z.number(),
    distinctCount: z.number(),
    min: z.union([z.string(), z.number()]).nullable(),
    max: z.union([z.string(), z.number()]).nullable(),
    mean: z.number().nullable(),
    stdev: z.number().nullable(),
    quantiles: z.array(z.object({ quantile: z.number(), value: z.number() })),
    histogram: z.array(z.object({ low: z.number(), high: z.number(), count: z.number() })),
    top: z.array(z.object({ value: z.string(), count: z.number() })),
  })
  .meta({ id: 'ColumnProfile' });
export type ColumnProfile = z.infer<typeof ColumnProfile>;

/** How one rule of the contract fared on a batch of rows. */
export const ExpectationResult = z
  .object({
    id: z.string(),
    kind: z.string(),
    severity: z.enum(['critical', 'warning', 'info']),
    success: z.boolean(),
    /** What was found, for people: "12 of 3000 rows", "mean 6.67". */
    message: z.string(),
    observed: z.unknown().optional(),
    elementCount: z.number().optional(),
    missingCount: z.number().optional(),
    unexpectedCount: z.number().optional(),
    unexpectedShare: z.number().optional(),
    /** At most 20 failing values. */
    examples: z.array(z.unknown()).default([]),
    hasFailingRows: z.boolean().default(false),
  })
  .meta({ id: 'ExpectationResult' });
export type ExpectationResult = z.infer<typeof ExpectationResult>;

/** One run of a contract over a batch of rows, whether the batch became a version or was refused. */
export const Validation = z
  .object({
    id: z.string(),
    dataset: z.string(),
    version: z.number().int().nullable(),
    verdict: z.enum(['pass', 'warn', 'fail']),
    results: z.array(ExpectationResult),
    rowCount: z.number(),
    at: Timestamp,
    milliseconds: z.number(),
  })
  .meta({ id: 'Validation' });
export type Validation = z.infer<typeof Validation>;

/** One immutable file of a version, by the SHA-256 of its bytes. */
export const DatasetFile = z.object({
  digest: Digest,
  sizeBytes: z.number().int(),
  rowCount: z.number().int(),
  name: z.string(),
});

/** An immutable state of a dataset, addressed by its content. */
export const DatasetVersion = z
  .object({
    dataset: z.string(),
    version: z.number().int(),
    /** SHA-256 over the canonical manifest: same content, same digest. */
    digest: Digest,
    rowCount: z.number().int(),
    sizeBytes: z.number().int(),
    schema: z.array(z.object({ name: z.string(), type: z.string() })),
    files: z.array(DatasetFile),
    parentVersion: z.number().int().nullable(),
    validationId: z.string().nullable(),
    verdict: z.enum(['pass', 'warn']),
    source: z.string(),
    createdAt: Timestamp,
    createdBy: z.string(),
  })
  .meta({ id: 'DatasetVersion' });
export type DatasetVersion = z.infer<typeof DatasetVersion>;

/** A batch of uploaded files that asks to become a version. */
export const NewVersion = z.object({
  /** Uploaded objects, in order. */
  files: z
    .array(z.object({ digest: Digest, name: z.string().max(500), format: z.enum(['parquet', 'csv', 'jsonl']) }))
    .min(1),
  /** `append` keeps the files of the latest version and adds these. */
  mode: z.enum(['append', 'replace']).default('append'),
  source: z.string().max(1000).default(''),
  /** The moment that freshness is measured against; default now. */
  asOf: Timestamp.optional(),
});

/**
 * A version that was accepted, or the validation that refused it (then nothing was added and the failing rows can be
 * read).
 */
export const NewVersionResult = z.object({
  accepted: z.boolean(),
  version: DatasetVersion.nullable(),
  validation: Validation.nullable(),
});

/** A thing that something was made from, or that was made. */
export const LineageNode = z.object({
  kind: z.string(),
  id: z.string(),
  title: z.string(),
  details: JsonObject.default({}),
});
/** That one thing went into another, and as what. */
export const LineageEdge = z.object({
  from: z.object({ kind: z.string(), id: z.string() }),
  to: z.object({ kind: z.string(), id: z.string() }),
  role: z.string(),
  at: Timestamp,
});
/** Things and what went into them. */
export const LineageGraph = z
  .object({ nodes: z.array(LineageNode), edges: z.array(LineageEdge) })
  .meta({ id: 'LineageGraph' });
export type LineageGraph = z.infer<typeof LineageGraph>;

const DatasetParams = ProjectParams.extend({ dataset: Name });
const VersionParams = DatasetParams.extend({ version: z.union([z.literal('latest'), z.coerce.number().int().min(1)]) });
const Rows = z.object({
  columns: z.array(z.object({ name: z.string(), type: z.string() })),
  rows: z.array(JsonObject),
  total: z.number(),
});

/** Datasets, versions, contracts, validations and lineage. */
export const dataRoutes = defineRoutes({
  listDatasets: {
    method: 'GET',
    path: '/projects/:project/datasets',
    summary: 'List datasets',
    access: 'viewer',
    params: ProjectParams,
    query: PageQuery,
    result: pageOf(Dataset),
  },
  putDataset: {
    method: 'PUT',
    path: '/projects/:project/datasets/:dataset',
    summary: 'Define a dataset and its contract',
    access: 'contributor',
    params: DatasetParams,
    body: DatasetDefinition.omit({ name: true }),
    result: Dataset,
    errors: ['invalid_input'],
  },
  getDataset: {
    method: 'GET',
    path: '/projects/:project/datasets/:dataset',
    summary: 'Get a dataset',
    access: 'viewer',
    params: DatasetParams,
    result: Dataset,
    errors: ['not_found'],
  },
  deleteDataset: {
    method: 'DELETE',
    path: '/projects/:project/datasets/:dataset',
    summary: 'Delete a dataset that nothing depends on',
    access: 'admin',
    params: DatasetParams,
    result: Empty,
    errors: ['not_found', 'conflict'],
  },
  uploadObject: {
    method: 'POST',
    path: '/projects/:project/uploads',
    summary: 'Upload bytes; they are kept once, by their SHA-256',
    access: 'contributor',
    params: ProjectParams,
    upload: true,
    result: z.object({ digest: Digest, sizeBytes: z.number() }),
    errors: ['too_large'],
  },
  addDatasetVersion: {
    method: 'POST',
    path: '/projects/:project/datasets/:dataset/versions',
    summary:
      'Add a version from uploaded files: profiled and validated in one scan; refused when a critical expectation fails',
    access: 'contributor',
    params: DatasetParams,
    body: NewVersion,
    result: NewVersionResult,
    errors: ['not_found', 'invalid_input'],
  },
  listDatasetVersions: {
    method: 'GET',
    path: '/projects/:project/datasets/:dataset/versions',
    summary: 'List the versions of a dataset, newest first',
    access: 'viewer',
    params: DatasetParams,
    query: PageQuery,
    result: pageOf(DatasetVersion),
    errors: ['not_found'],
  },
  getDatasetVersion: {
    method: 'GET',
    path: '/projects/:project/datasets/:dataset/versions/:version',
    summary: 'Get a version with its profile',
    access: 'viewer',
    params: VersionParams,
    result: DatasetVersion.extend({ profile: z.array(ColumnProfile) }),
    errors: ['not_found'],
  },
  readDatasetRows: {
    method: 'GET',
    path: '/projects/:project/datasets/:dataset/versions/:version/rows',
    summary: 'Read rows of a version',
    access: 'viewer',
    params: VersionParams,
    query: z.object({
      limit: z.coerce.number().int().min(1).max(1000).default(50),
      offset: z.coerce.number().int().min(0).default(0),
      order: z.string().optional(),
      where: z.string().max(2000).optional(),
    }),
    result: Rows,
    errors: ['not_found', 'invalid_input'],
  },
  queryDataset: {
    method: 'POST',
    path: '/projects/:project/datasets/:dataset/versions/:version/query',
    summary: 'Run one SELECT over {data}, sandboxed',
    access: 'viewer',
    params: VersionParams,
    body: z.object({ sql: z.string().min(1).max(10_000), limit: z.int().min(1).max(10_000).default(1000) }),
    result: Rows,
    errors: ['not_found', 'invalid_input'],
  },
  listValidations: {
    method: 'GET',
    path: '/projects/:project/datasets/:dataset/validations',
    summary: 'List validations, newest first, refused batches included',
    access: 'viewer',
    params: DatasetParams,
    query: PageQuery,
    result: pageOf(Validation),
    errors: ['not_found'],
  },
  getValidation: {
    method: 'GET',
    path: '/projects/:project/validations/:validation',
    summary: 'Get a validation',
    access: 'viewer',
    params: ProjectParams.extend({ validation: z.string() }),
    result: Validation,
    errors: ['not_found'],
  },
  readFailingRows: {
    method: 'GET',
    path: '/projects/:project/validations/:validation/failing-rows',
    summary: 'Read the rows that broke an expectation',
    access: 'viewer',
    params: ProjectParams.extend({ validation: z.string() }),
    query: z.object({
      expectation: z.string(),
      limit: z.coerce.number().int().min(1).max(1000).default(50),
      offset: z.coerce.number().int().min(0).default(0),
    }),
    result: Rows,
    errors: ['not_found'],
  },
  getLineage: {
    method: 'GET',
    path: '/projects/:project/lineage',
    summary: 'The graph around a thing: where it comes from, what came of it',
    access: 'viewer',
    params: ProjectParams,
    query: z.object({
      kind: z.string().optional(),
      id: z.string().optional(),
      depth: z.coerce.number().int().min(1).max(20).default(6),
      limit: z.coerce.number().int().min(1).max(2000).default(300),
    }),
    result: LineageGraph,
  },
});
