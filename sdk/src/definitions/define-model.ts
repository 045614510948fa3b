import { ModelName } from '@flyball/api';
import { z } from 'zod';
import { type Definition, type ModelDefinition, makeDefinition } from './definition.ts';

const schema: z.ZodType<ModelDefinition> = z.object({ name: ModelName, description: z.string().default('') });

/** A name under which versions are registered. */
export function defineModel<const N extends string>(model: {
  readonly name: N;
  readonly description?: string;
}): Definition<'model', N> {
  return makeDefinition('model', model.name, schema, model);
}
