import type { Role } from '@flyball/api';

/** One action for the child; it may be given another afterwards. */
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

/** What the child answers: its log, how far it is, and at last how it went. */
export type StepReport =
  | { readonly type: 'log'; readonly line: string }
  | { readonly type: 'progress'; readonly share: number; readonly text: string }
  | { readonly type: 'done'; readonly outputs: Record<string, unknown> }
  /** `isOutage`: for no reason of its own, but because the database went away meanwhile. */
  | { readonly type: 'failed'; readonly message: string; readonly isOutage?: boolean };
