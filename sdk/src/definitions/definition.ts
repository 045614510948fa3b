import type {
  DatasetDefinition,
  EndpointDefinition,
  Entity,
  FeatureViewDefinition,
  MonitorDefinition,
  PipelineDefinition,
  PolicyDefinition,
} from '@flyball/api';
import type { z } from 'zod';

const mark: unique symbol = Symbol.for('flyball.definition');

/** A model is only a name until its first version. */
export interface ModelDefinition {
  readonly name: string;
  readonly description: string;
}

/** What each kind of definition holds. */
export interface DefinitionBodies {
  readonly policy: PolicyDefinition;
  readonly entity: Entity;
  readonly dataset: DatasetDefinition;
  readonly 'feature-view': FeatureViewDefinition;
  readonly model: ModelDefinition;
  readonly endpoint: EndpointDefinition;
  readonly pipeline: PipelineDefinition;
  readonly monitor: MonitorDefinition;
}

/** Everything that can be defined in code. */
export type DefinitionKind = keyof DefinitionBodies;

/** The order in which things are applied: what others name comes first. */
export const definitionKinds: readonly DefinitionKind[] = [
  'policy',
  'entity',
  'dataset',
  'feature-view',
  'model',
  'endpoint',
  'pipeline',
  'monitor',
];

/** A thing of a project, defined in code; `flyball apply` makes the server agree with it. */
export interface Definition<K extends DefinitionKind = DefinitionKind, N extends string = string> {
  readonly [mark]: true;
  readonly kind: K;
  readonly name: N;
  readonly body: DefinitionBodies[K];
  /** What such a body holds and nothing else. */
  readonly schema: z.ZodType<DefinitionBodies[K]>;
  /** Where it was defined, for messages. */
  readonly definedAt: string;
}

/** A definition, or the name of something defined elsewhere. */
export type Reference<K extends DefinitionKind> = Definition<K> | string;

/** The name that a reference stands for. */
export const nameOf = (reference: Definition | string): string =>
  typeof reference === 'string' ? reference : reference.name;

/** Whether a value came from one of the `define…` functions. */
export const isDefinition = (value: unknown): value is Definition =>
  typeof value === 'object' && value !== null && mark in value;

/** The line of user code that called `define…`, out of a stack. */
function callSite(): string {
  const lines = (new Error('where').stack ?? '').split('\n').slice(1);
  const own = lines.find(
    (line) => !line.includes('/definitions/define') && !line.includes('/definitions/definition.ts'),
  );
  return /\(?((?:file:\/\/)?\/[^()]+:\d+:\d+)\)?$/.exec(own ?? '')?.[1] ?? 'unknown place';
}

/** Checks a definition by the schema that the server uses, so that mistakes appear where they were made. */
export function makeDefinition<K extends DefinitionKind, N extends string>(
  kind: K,
  name: N,
  schema: z.ZodType<DefinitionBodies[K]>,
  body: unknown,
): Definition<K, N> {
  const definedAt = callSite();
  const result = schema.safeParse(body);
  if (!result.success) {
    const places = result.error.issues.map(({ path, message }) => `  ${path.join('.') || kind}: ${message}`);
    throw new TypeError(`The ${kind} "${name}" is not right:\n${places.join('\n')}`);
  }
  return { [mark]: true, kind, name, body: result.data, schema, definedAt };
}
