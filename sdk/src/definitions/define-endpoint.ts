import { EndpointDefinition } from '@flyball/api';
import type { z } from 'zod';
import { type Definition, makeDefinition, nameOf, type Reference } from './definition.ts';

type Input = z.input<typeof EndpointDefinition>;
type Datatype = Input['inputs'][number]['datatype'];

/** The fields of an endpoint's inputs, for `feedback`: what fills a column of the dataset. */
type Filling<I extends string> = 'at' | 'label' | 'label_at' | `input.${I}`;

/**
 * A stable address that answers with a model, splits traffic during rollouts and turns labelled predictions into data.
 *
 * @example
 * export const delay = defineEndpoint({
 *   name: 'flight-delay',
 *   model: 'flight-delay',
 *   inputs: { origin: 'BYTES', distance: 'FP32' },
 *   target: { kind: 'binary', positiveAbove: 15 },
 *   feedback: {
 *     dataset: flights,
 *     columns: { date: 'at', origin: 'input.origin', delay: 'label', landed_at: 'label_at' },
 *   },
 * });
 */
export function defineEndpoint<const N extends string, const I extends Record<string, Datatype>>(
  endpoint: Omit<Input, 'name' | 'model' | 'inputs' | 'feedback' | 'stickyInput'> & {
    readonly name: N;
    readonly model: Reference<'model'>;
    readonly inputs: I;
    readonly stickyInput?: keyof I & string;
    readonly feedback?: {
      readonly dataset: Reference<'dataset'>;
      readonly columns: Record<string, Filling<keyof I & string>>;
    };
  },
): Definition<'endpoint', N> {
  const { feedback, ...rest } = endpoint;
  return makeDefinition('endpoint', endpoint.name, EndpointDefinition, {
    ...rest,
    model: nameOf(endpoint.model),
    inputs: Object.entries(endpoint.inputs).map(([name, datatype]) => ({ name, datatype })),
    ...(feedback === undefined ? {} : { feedback: { ...feedback, dataset: nameOf(feedback.dataset) } }),
  });
}
