import type { Data } from '#data';
import type { Action } from '#platform/actions/action';
import type { Platform } from '#platform/platform';
import type { ActionChildren } from './action-children.ts';
import type { StepWorker } from './step-store.ts';

export const STEP_QUEUE = 'pipelines.step';
export const SCHEDULE_QUEUE = 'pipelines.schedule';
/** Carries the id of a cancelled run to the workers that run its steps. */
export const CANCEL_CHANNEL = 'flyball_pipelines_cancel';

export interface StepJob {
  readonly run: string;
  readonly step: string;
}

/** What this module is built on. */
export interface PipelineParts {
  readonly platform: Platform;
  readonly data: Data;
  readonly actions: Map<string, Action>;
  readonly children: ActionChildren;
  /** Names this process among all that may run steps. */
  readonly worker: StepWorker;
}
