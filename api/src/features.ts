import { z } from 'zod';
import { Digest, Empty, JsonObject, Name, PageQuery, ProjectParams, pageOf, Timestamp } from './page.ts';
import { defineRoutes } from './route.ts';

/** What features describe: an airport, a customer. */
export const Entity = z
  .object({ name: Name, description: z.string().default(''), key: z.string().min(1) })
  .meta({ id: 'Entity' });
export type Entity = z.infer<typeof Entity>;

/** What is aggregated: a column, or the 0/1 of "column is above a bound"; absent for `count`. */
export const Measure = z.object({ column: z.string().min(1), above: z.number().optional() });

/**
 * A trailing window over the events that were known at the asking moment t: those with t − window < known ≤ t (clock
 * `known`), or happened in the window and known ≤ t (clock `happened`).
 */
export const WindowFeature = z
  .object({
    name: Name,
    aggregate: z.enum(['count', 'sum', 'mean', 'min', 'max', 'last']),
    of: Measure.optional(),
    windowSeconds: z.number().int().positive(),
    clock: z.enum(['known', 'happened']).default('known'),
  })
  .meta({ id: 'WindowFeature' });
export type WindowFeature = z.infer<typeof WindowFeature>;

/** Features of one entity and the dataset they are computed from. */
export const FeatureViewDefinition = z
  .object({
    name: Name,
    description: z.string().default(''),
    entity: Name,
    source: z.object({
      dataset: Name,
      /** Column of the source that holds the entity's key. */
      key: z.string(),
      happenedAt: z.string(),
      knownAt: z.string(),
    }),
    features: z.array(WindowFeature).min(1),
    /**
     * A value older than this is no value, offline and online alike; 0 = no limit. Age counts from the newest known
     * event of the key.
     */
    ttlSeconds: z.number().int().min(0).default(0),
    online: z.boolean().default(true),
  })
  .meta({ id: 'FeatureViewDefinition' });
export type FeatureViewDefinition = z.infer<typeof FeatureViewDefinition>;

/** A feature view with its version and the state of its online values. */
export const FeatureView = FeatureViewDefinition.extend({
  version: z.number().int(),
  createdAt: Timestamp,
  updatedAt: Timestamp,
}).meta({ id: 'FeatureView' });
export type FeatureView = z.infer<typeof FeatureView>;

/** A point-in-time correct table: one row per row of the spine, plus features as they were known at `at`. */
export const TrainingSetSpec = z
  .object({
    dataset: Name,
    /** Absent: the latest. */
    version: z.number().int().optional(),
    /** SQL condition on the rows of the dataset. */
    where: z.string().max(2000).optional(),
    /** Column with the moment of asking. */
    at: z.string(),
    /** Only rows whose outcome is known by then (needs `knownAt`), and with `at` in [from, until). */
    from: Timestamp.optional(),
    until: Timestamp.optional(),
    knownAt: z.string().optional(),
    knownUntil: Timestamp.optional(),
    /** Columns to keep: name → SQL expression over the dataset's columns. */
    columns: z.record(Name, z.string().max(2000)),
    label: z.object({ name: Name, sql: z.string().max(2000) }),
    /** Features joined by key; the result column is `as`. */
    features: z.array(z.object({ view: Name, feature: Name, key: z.string(), as: Name })).default([]),
    sample: z.object({ rows: z.number().int().positive(), seed: z.number().int().default(1) }).optional(),
  })
  .meta({ id: 'TrainingSetSpec' });
export type TrainingSetSpec = z.infer<typeof TrainingSetSpec>;

/** Rows joined with their features as these were known at each row's moment. */
export const TrainingSet = z
  .object({
    id: z.string(),
    spec: TrainingSetSpec,
    datasetVersion: z.number().int(),
    viewVersions: z.record(z.string(), z.number().int()),
    digest: Digest,
    rowCount: z.number().int(),
    columns: z.array(z.object({ name: z.string(), type: z.string() })),
    createdAt: Timestamp,
    milliseconds: z.number(),
  })
  .meta({ id: 'TrainingSet' });
export type TrainingSet = z.infer<typeof TrainingSet>;

const ViewParams = ProjectParams.extend({ view: Name });

/** Entities, feature views, training sets and online values. */
export const featureRoutes = defineRoutes({
  listEntities: {
    method: 'GET',
    path: '/projects/:project/entities',
    summary: 'List entities',
    access: 'viewer',
    params: ProjectParams,
    query: PageQuery,
    result: pageOf(Entity),
  },
  putEntity: {
    method: 'PUT',
    path: '/projects/:project/entities/:entity',
    summary: 'Define an entity',
    access: 'contributor',
    params: ProjectParams.extend({ entity: Name }),
    body: Entity.omit({ name: true }),
    result: Entity,
  },
  listFeatureViews: {
    method: 'GET',
    path: '/projects/:project/feature-views',
    summary: 'List feature views',
    access: 'viewer',
    params: ProjectParams,
    query: PageQuery,
    result: pageOf(FeatureView),
  },
  putFeatureView: {
    method: 'PUT',
    path: '/projects/:project/feature-views/:view',
    summary: 'Define a feature view; a changed shape makes a new version',
    access: 'contributor',
    params: ViewParams,
    body: FeatureViewDefinition.omit({ name: true }),
    result: FeatureView,
    errors: ['invalid_input', 'not_found'],
  },
  getFeatureView: {
    method: 'GET',
    path: '/projects/:project/feature-views/:view',
    summary: 'Get a feature view',
    access: 'viewer',
    params: ViewParams,
    result: FeatureView,
    errors: ['not_found'],
  },
  deleteFeatureView: {
    method: 'DELETE',
    path: '/projects/:project/feature-views/:view',
    summary: 'Delete a feature view',
    access: 'admin',
    params: ViewParams,
    result: Empty,
    errors: ['not_found'],
  },
  previewFeatures: {
    method: 'POST',
    path: '/projects/:project/feature-views/:view/preview',
    summary: 'Values of some keys as they were known at a moment, computed from history',
    access: 'viewer',
    params: ViewParams,
    body: z.object({ keys: z.array(z.string()).min(1).max(100), at: Timestamp }),
    result: z.object({ rows: z.array(JsonObject) }),
    errors: ['not_found', 'invalid_input'],
  },
  createTrainingSet: {
    method: 'POST',
    path: '/projects/:project/training-sets',
    summary: 'Build a point-in-time correct training set',
    access: 'contributor',
    params: ProjectParams,
    body: TrainingSetSpec,
    result: TrainingSet,
    errors: ['not_found', 'invalid_input'],
  },
  listTrainingSets: {
    method: 'GET',
    path: '/projects/:project/training-sets',
    summary: 'List training sets, newest first',
    access: 'viewer',
    params: ProjectParams,
    query: PageQuery,
    result: pageOf(TrainingSet),
  },
  getTrainingSet: {
    method: 'GET',
    path: '/projects/:project/training-sets/:id',
    summary: 'Get a training set',
    access: 'viewer',
    params: ProjectParams.extend({ id: z.string() }),
    result: TrainingSet,
    errors: ['not_found'],
  },
});
