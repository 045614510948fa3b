import { PlatformError } from '@flyball/api';
import type { Flyball } from '../connect.ts';
import type { Definition, DefinitionKind } from '../definitions/definition.ts';

interface Resource {
  /** What the server has, or `undefined`. */
  get(flyball: Flyball, name: string): Promise<Record<string, unknown> | undefined>;
  put(flyball: Flyball, definition: Definition): Promise<unknown>;
}

async function unlessMissing<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof PlatformError && error.code === 'not_found') return undefined;
    throw error;
  }
}

const find = async <T extends { name: string }>(list: Promise<{ items: T[] }>, name: string): Promise<T | undefined> =>
  (await list).items.find((item) => item.name === name);

function withoutName<T extends { readonly name: string }>(body: T): Omit<T, 'name'> {
  const { name: _, ...rest } = body;
  return rest;
}

type Body<K extends DefinitionKind> = Extract<Definition<K>, { kind: K }>['body'];
const bodyOf = <K extends DefinitionKind>(definition: Definition, _kind: K) => definition.body as Body<K>;

/** How each kind of thing is read from and written to the server. */
export const resources: Readonly<Record<DefinitionKind, Resource>> = {
  policy: {
    get: async (flyball, name) => await find(flyball.listPolicies({ query: { limit: 1000 } }), name),
    put: async (flyball, definition) =>
      await flyball.putPolicy({
        params: { policy: definition.name },
        body: withoutName(bodyOf(definition, 'policy')),
      }),
  },
  entity: {
    get: async (flyball, name) => await find(flyball.listEntities({ query: { limit: 1000 } }), name),
    put: async (flyball, definition) =>
      await flyball.putEntity({ params: { entity: definition.name }, body: withoutName(bodyOf(definition, 'entity')) }),
  },
  dataset: {
    get: async (flyball, dataset) => await unlessMissing(flyball.getDataset({ params: { dataset } })),
    put: async (flyball, definition) =>
      await flyball.putDataset({
        params: { dataset: definition.name },
        body: withoutName(bodyOf(definition, 'dataset')),
      }),
  },
  'feature-view': {
    get: async (flyball, view) => await unlessMissing(flyball.getFeatureView({ params: { view } })),
    put: async (flyball, definition) =>
      await flyball.putFeatureView({
        params: { view: definition.name },
        body: withoutName(bodyOf(definition, 'feature-view')),
      }),
  },
  model: {
    get: async (flyball, model) => await unlessMissing(flyball.getModel({ params: { model } })),
    put: async (flyball, definition) =>
      await flyball.putModel({
        params: { model: definition.name },
        body: withoutName(bodyOf(definition, 'model')),
      }),
  },
  endpoint: {
    get: async (flyball, endpoint) => await unlessMissing(flyball.getEndpoint({ params: { endpoint } })),
    put: async (flyball, definition) =>
      await flyball.putEndpoint({
        params: { endpoint: definition.name },
        body: withoutName(bodyOf(definition, 'endpoint')),
      }),
  },
  pipeline: {
    get: async (flyball, pipeline) => await unlessMissing(flyball.getPipeline({ params: { pipeline } })),
    put: async (flyball, definition) =>
      await flyball.putPipeline({
        params: { pipeline: definition.name },
        body: withoutName(bodyOf(definition, 'pipeline')),
      }),
  },
  monitor: {
    get: async (flyball, monitor) => await unlessMissing(flyball.getMonitor({ params: { monitor } })),
    put: async (flyball, definition) =>
      await flyball.putMonitor({
        params: { monitor: definition.name },
        body: withoutName(bodyOf(definition, 'monitor')),
      }),
  },
};
