import { PolicyDefinition } from '@flyball/api';
import type { z } from 'zod';
import { type Definition, makeDefinition } from './definition.ts';

/**
 * What a version must have before it reaches an endpoint, and who says so.
 *
 * @example
 * export const policy = definePolicy({
 *   name: 'flights',
 *   model: 'flight-delay',
 *   requiredGates: ['calibrated'],
 *   approvedBy: 'policy',
 * });
 */
export function definePolicy<const N extends string>(
  policy: z.input<typeof PolicyDefinition> & { readonly name: N },
): Definition<'policy', N> {
  return makeDefinition('policy', policy.name, PolicyDefinition, policy);
}
