import { z } from 'zod';
import { Digest, Empty, Name, PageQuery, ProjectParams, pageOf, Timestamp } from './page.ts';
import { defineRoutes } from './route.ts';

const Tags = z.record(z.string(), z.string());
/** A name that MLflow clients can use as well. */
export const ModelName = z
  .string()
  .min(1)
  .max(500)
  .regex(/^[^/:\\\p{Cc}]+$/u, 'Model names cannot contain "/", ":" or control characters');

/** Where the value of one input column of a model comes from when it serves. */
export const ModelInput = z
  .object({
    name: z.string(),
    datatype: z.enum(['FP32', 'FP64', 'INT32', 'INT64', 'BOOL', 'BYTES']).default('FP32'),
    from: z.discriminatedUnion('kind', [
      z.object({ kind: z.literal('request'), input: z.string() }),
      /**
       * Looked up online: the view's feature for the key that the request holds in input `key`; `scale` multiplies it.
       */
      z.object({
        kind: z.literal('feature'),
        view: Name,
        feature: Name,
        key: z.string(),
        scale: z.number().default(1),
      }),
    ]),
  })
  .meta({ id: 'ModelInput' });
export type ModelInput = z.infer<typeof ModelInput>;

/** What is known about a file that was looked at without being run. */
export const ScanVerdict = z.enum(['safe', 'unknown', 'malicious', 'invalid']);

/** A file of a version. */
export const ModelFile = z.object({ path: z.string(), digest: Digest, sizeBytes: z.number().int() });

/** One immutable candidate with its files and where it came from. */
export const ModelVersion = z
  .object({
    model: z.string(),
    version: z.number().int(),
    description: z.string(),
    runId: z.string().nullable(),
    /** A link to the run where the client keeps its runs elsewhere. */
    runLink: z.string().nullable(),
    /** The logged model whose files these are. */
    loggedModelId: z.string().nullable(),
    source: z.string(),
    /** What trained it. */
    dataset: z.object({ name: z.string(), version: z.number().int(), trainingSetId: z.string().nullable() }).nullable(),
    flavor: z.enum(['onnx', 'mlflow', 'other']),
    inputs: z.array(ModelInput),
    files: z.array(ModelFile),
    /** SHA-256 over the sorted list of files and digests. */
    digest: Digest,
    scan: z.object({
      verdict: ScanVerdict,
      findings: z.array(z.object({ path: z.string(), verdict: ScanVerdict, message: z.string() })),
    }),
    stage: z.enum(['None', 'Staging', 'Production', 'Archived']),
    aliases: z.array(z.string()),
    tags: Tags,
    createdAt: Timestamp,
    updatedAt: Timestamp,
    createdBy: z.string(),
  })
  .meta({ id: 'ModelVersion' });
export type ModelVersion = z.infer<typeof ModelVersion>;

/** A name that versions and aliases live under. */
export const Model = z
  .object({
    name: ModelName,
    description: z.string(),
    tags: Tags,
    aliases: z.record(z.string(), z.number().int()),
    latestVersion: z.number().int().nullable(),
    createdAt: Timestamp,
    updatedAt: Timestamp,
  })
  .meta({ id: 'Model' });
export type Model = z.infer<typeof Model>;

/** Uploaded files that ask to become a version. */
export const NewModelVersion = z.object({
  runId: z.string().optional(),
  runLink: z.string().max(500).optional(),
  loggedModelId: z.string().max(40).optional(),
  source: z.string().max(2000).default(''),
  description: z.string().max(10_000).default(''),
  flavor: z.enum(['onnx', 'mlflow', 'other']).default('onnx'),
  inputs: z.array(ModelInput).default([]),
  files: z.array(z.object({ path: z.string(), digest: Digest })).min(1),
  dataset: z
    .object({ name: Name, version: z.number().int(), trainingSetId: z.string().nullable().default(null) })
    .optional(),
  tags: Tags.default({}),
});
export type NewModelVersion = z.infer<typeof NewModelVersion>;

/** One message to a webhook, with what became of it. */
export const WebhookDelivery = z
  .object({
    id: z.string(),
    event: z.string(),
    /** `dropped` when the webhook was disabled before it was sent. */
    state: z.enum(['waiting', 'delivered', 'failed', 'dropped']),
    attempts: z.number().int(),
    responseStatus: z.number().int().nullable(),
    error: z.string().nullable(),
    createdAt: Timestamp,
    triedAt: Timestamp.nullable(),
  })
  .meta({ id: 'WebhookDelivery' });
export type WebhookDelivery = z.infer<typeof WebhookDelivery>;

const ModelParams = ProjectParams.extend({ model: ModelName });
const VersionParams = ModelParams.extend({ version: z.coerce.number().int().min(1) });

/** Models, versions, aliases, scans, and what webhooks were told. */
export const registryRoutes = defineRoutes({
  listModels: {
    method: 'GET',
    path: '/projects/:project/models',
    summary: 'List models',
    access: 'viewer',
    params: ProjectParams,
    query: PageQuery,
    result: pageOf(Model),
  },
  putModel: {
    method: 'PUT',
    path: '/projects/:project/models/:model',
    summary: 'Create or describe a model',
    access: 'contributor',
    params: ModelParams,
    body: z.object({ description: z.string().max(10_000).default(''), tags: Tags.default({}) }),
    result: Model,
    errors: ['invalid_input'],
  },
  getModel: {
    method: 'GET',
    path: '/projects/:project/models/:model',
    summary: 'Get a model',
    access: 'viewer',
    params: ModelParams,
    result: Model,
    errors: ['not_found'],
  },
  deleteModel: {
    method: 'DELETE',
    path: '/projects/:project/models/:model',
    summary: 'Delete a model that serves nowhere',
    access: 'admin',
    params: ModelParams,
    result: Empty,
    errors: ['not_found', 'conflict'],
  },
  createModelVersion: {
    method: 'POST',
    path: '/projects/:project/models/:model/versions',
    summary: 'Register a version from stored files; they are scanned, never executed',
    access: 'contributor',
    params: ModelParams,
    body: NewModelVersion,
    result: ModelVersion,
    errors: ['not_found', 'invalid_input'],
  },
  listModelVersions: {
    method: 'GET',
    path: '/projects/:project/models/:model/versions',
    summary: 'List versions, newest first',
    access: 'viewer',
    params: ModelParams,
    query: PageQuery,
    result: pageOf(ModelVersion),
    errors: ['not_found'],
  },
  listRunModelVersions: {
    method: 'GET',
    path: '/projects/:project/runs/:run/model-versions',
    summary: 'Model versions that came of a run, the first 100',
    access: 'viewer',
    params: ProjectParams.extend({ run: z.string().regex(/^[\w-]{1,100}$/) }),
    result: z.object({ items: z.array(ModelVersion) }),
  },
  getModelVersion: {
    method: 'GET',
    path: '/projects/:project/models/:model/versions/:version',
    summary: 'Get a version',
    access: 'viewer',
    params: VersionParams,
    result: ModelVersion,
    errors: ['not_found'],
  },
  getModelFile: {
    method: 'GET',
    path: '/projects/:project/models/:model/versions/:version/file',
    summary: 'Download a file of a version',
    access: 'viewer',
    params: VersionParams,
    query: z.object({ path: z.string() }),
    stream: 'bytes',
    result: Empty,
    errors: ['not_found'],
  },
  setModelAlias: {
    method: 'PUT',
    path: '/projects/:project/models/:model/aliases/:alias',
    summary: 'Point an alias at a version; protected aliases move by promotion only',
    access: 'contributor',
    params: ModelParams.extend({ alias: z.string().min(1).max(255) }),
    body: z.object({ version: z.number().int().min(1) }),
    result: Model,
    errors: ['not_found', 'invalid_input', 'not_allowed'],
  },
  deleteModelAlias: {
    method: 'DELETE',
    path: '/projects/:project/models/:model/aliases/:alias',
    summary: 'Remove an alias',
    access: 'contributor',
    params: ModelParams.extend({ alias: z.string() }),
    result: Empty,
    errors: ['not_found'],
  },
  tagModelVersion: {
    method: 'PATCH',
    path: '/projects/:project/models/:model/versions/:version',
    summary: 'Describe or tag a version',
    access: 'contributor',
    params: VersionParams,
    body: z.object({ description: z.string().max(10_000).optional(), tags: Tags.optional() }),
    result: ModelVersion,
    errors: ['not_found'],
  },
  listWebhookDeliveries: {
    method: 'GET',
    path: '/projects/:project/webhooks/:webhook/deliveries',
    summary: 'List what was sent to a webhook in the last days, newest first',
    access: 'admin',
    params: ProjectParams.extend({ webhook: z.string().max(100) }),
    query: PageQuery,
    result: pageOf(WebhookDelivery),
    errors: ['not_found', 'invalid_input'],
  },
  signOffScan: {
    method: 'POST',
    path: '/projects/:project/models/:model/versions/:version/scan-sign-off',
    summary: 'Accept files that the scan could not judge, with a reason',
    access: 'approver',
    params: VersionParams,
    body: z.object({ reason: z.string().min(1).max(2000) }),
    result: ModelVersion,
    errors: ['not_found', 'conflict'],
  },
});
