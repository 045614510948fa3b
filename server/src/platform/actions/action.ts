import type { z } from 'zod';
import type { Actor } from '../access/actor.ts';

/** What a step of a pipeline hands to the action it uses. */
export interface ActionContext {
  readonly project: string;
  readonly actor: Actor;
  readonly pipelineRunId: string;
  readonly stepId: string;
  readonly attempt: number;
  /** Aborted when the run is cancelled or the step's time is up. */
  readonly signal: AbortSignal;
  /** A line of the step's log. */
  log(line: string): void;
  /** How far it is, from 0 to 1, and what it does. */
  progress(share: number, text: string): void;
}

/** Something a pipeline's step can do inside the platform, by name. */
export interface Action {
  /** `module.verb`. */
  readonly name: string;
  readonly summary: string;
  readonly input: z.ZodType;
  /** Returns the step's outputs, as plain JSON. */
  run(context: ActionContext, input: unknown): Promise<Record<string, unknown>>;
}

/** Declares an action; its input is parsed before it runs. */
export function defineAction<S extends z.ZodType>(action: {
  readonly name: string;
  readonly summary: string;
  readonly input: S;
  run(context: ActionContext, input: z.output<S>): Promise<Record<string, unknown>>;
}): Action {
  return {
    ...action,
    run: async (context, input) => await action.run(context, action.input.parse(input) as z.output<S>),
  };
}
