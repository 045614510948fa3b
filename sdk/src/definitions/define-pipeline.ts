import { PipelineDefinition } from '@flyball/api';
import type { z } from 'zod';
import { type Definition, makeDefinition } from './definition.ts';

type Input = z.input<typeof PipelineDefinition>;
type StepInput = Omit<Input['steps'][number], 'id' | 'needs'>;

/**
 * A graph of steps. Names in `needs` are checked by the compiler; cycles and unknown references when it is defined.
 *
 * @example
 * export const nightly = definePipeline({
 *   name: 'nightly',
 *   steps: { load: { command: ['python3', 'load.py'] }, train: { command: ['python3', 'train.py'], needs: ['load'] } },
 *   triggers: [{ kind: 'schedule', cron: '0 3 * * *' }],
 * });
 */
export function definePipeline<const N extends string, const S extends string>(
  pipeline: Omit<Input, 'name' | 'steps'> & {
    readonly name: N;
    readonly steps: Record<S, StepInput & { readonly needs?: readonly NoInfer<S>[] }>;
  },
): Definition<'pipeline', N> {
  const steps = Object.entries<StepInput & { readonly needs?: readonly S[] }>(pipeline.steps).map(([id, step]) => ({
    id,
    ...step,
  }));
  return makeDefinition('pipeline', pipeline.name, PipelineDefinition, { ...pipeline, steps });
}
