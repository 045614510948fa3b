import { FeatureViewDefinition, type ModelInput, type TrainingSetSpec } from '@flyball/api';
import { type Definition, makeDefinition, nameOf, type Reference } from './definition.ts';
import { type Duration, durationSeconds } from './duration.ts';

type Aggregate = FeatureViewDefinition['features'][number]['aggregate'];
type Measured = FeatureViewDefinition['features'][number]['of'];

/** A feature: what is computed over which trailing window. */
export interface WindowSpec {
  readonly aggregate: Aggregate;
  readonly of?: Measured;
  readonly windowSeconds: number;
  readonly clock: 'known' | 'happened';
}

interface WindowOptions {
  /** `known`: what became known in the window. `happened`: what happened in it, as far as it is known. */
  readonly clock?: 'known' | 'happened';
}

function over(aggregate: Aggregate, of?: Measured) {
  return {
    over: (window: Duration, { clock = 'known' }: WindowOptions = {}): WindowSpec => ({
      aggregate,
      ...(of === undefined ? {} : { of }),
      windowSeconds: durationSeconds(window),
      clock,
    }),
  };
}

/** The number of events. */
export const count = () => over('count');
/** The sum of a column. */
export const sum = (column: string) => over('sum', { column });
/** The mean of a column. */
export const mean = (column: string) => over('mean', { column });
/** The least value of a column. */
export const min = (column: string) => over('min', { column });
/** The greatest value of a column. */
export const max = (column: string) => over('max', { column });
/** The latest value of a column. */
export const last = (column: string) => over('last', { column });
/** The share of events whose column is above a bound. */
export const shareAbove = (column: string, above: number) => over('mean', { column, above });

/** A feature view that knows the names of its features. */
export interface FeatureViewHandle<N extends string, F extends string> extends Definition<'feature-view', N> {
  /** A feature as an input of a model, looked up while serving by the key in a request's input. */
  serve(feature: F, options: { key: string; as?: string; scale?: number }): ModelInput;
  /** The same feature as a column of a training set, as it was known at each row's moment. */
  train(feature: F, options: { key: string; as?: string }): TrainingSetSpec['features'][number];
}

/**
 * Features of an entity: trailing windows over events with two clocks, the same offline and online.
 *
 * @example
 * export const punctuality = defineFeatureView({
 *   name: 'origin_punctuality',
 *   entity: airport,
 *   source: { dataset: flights, key: 'origin', happenedAt: 'date', knownAt: 'landed_at' },
 *   ttl: '2d',
 *   features: { late_share_3h: shareAbove('delay', 15).over('3h'), flights_3h: count().over('3h') },
 * });
 */
export function defineFeatureView<const N extends string, const F extends Record<string, WindowSpec>>(view: {
  readonly name: N;
  readonly description?: string;
  readonly entity: Reference<'entity'>;
  readonly source: {
    readonly dataset: Reference<'dataset'>;
    readonly key: string;
    readonly happenedAt: string;
    readonly knownAt: string;
  };
  readonly ttl?: Duration;
  readonly online?: boolean;
  readonly features: F;
}): FeatureViewHandle<N, keyof F & string> {
  const { ttl = 0, entity, source, features, ...rest } = view;
  const definition = makeDefinition('feature-view', view.name, FeatureViewDefinition, {
    ...rest,
    entity: nameOf(entity),
    source: { ...source, dataset: nameOf(source.dataset) },
    ttlSeconds: durationSeconds(ttl),
    features: Object.entries(features).map(([name, feature]) => ({ name, ...feature })),
  });
  return {
    ...definition,
    serve: (feature, { key, as, scale = 1 }) => ({
      name: as ?? feature,
      datatype: 'FP32',
      from: { kind: 'feature', view: view.name, feature, key, scale },
    }),
    train: (feature, { key, as }) => ({ view: view.name, feature, key, as: as ?? feature }),
  };
}

/** An input of a model that the request itself holds. */
export const fromRequest = (input: string, datatype: ModelInput['datatype'] = 'FP32'): ModelInput => ({
  name: input,
  datatype,
  from: { kind: 'request', input },
});
