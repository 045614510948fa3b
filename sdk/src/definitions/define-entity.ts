import { Entity } from '@flyball/api';
import { type Definition, makeDefinition } from './definition.ts';

/**
 * What features describe, and the name of its key.
 *
 * @example
 * export const airport = defineEntity({ name: 'airport', key: 'code' });
 */
export function defineEntity<const N extends string>(entity: {
  readonly name: N;
  readonly description?: string;
  readonly key: string;
}): Definition<'entity', N> {
  return makeDefinition('entity', entity.name, Entity, entity);
}
