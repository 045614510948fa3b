import type { Role } from '@flyball/api';

/** What a worker tells the child that runs an action. */
export interface StepAssignment {
  readonly type: 'run';
  readonly action: string;
  readonly input: unknown;
  readonly project: string;
  readonly actor: { readonly name: string; readonly role: Role };
  readonly pipelineRunId: string;
  readonly stepId: string;
  readonly attempt: number;
}

/** What the child answers: how far it is, and at last how it went. */
export type StepReport =
  | { readonly type: 'progress'; readonly share: number; readonly text: string }
  | { readonly type: 'done'; readonly outputs: Record<string, unknown> }
  | { readonly type: 'failed'; readonly message: string };
