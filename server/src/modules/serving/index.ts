// How versions answer, at any load: endpoints, rollouts, replicas, the log of predictions and labels.
// It moves the champion by evidence; who may start a rollout, and what production looks like, is decided by others.

import type { servingRoutes } from '@flyball/api';
import type { Handlers } from '#platform/http/serve';
import type { Gateway } from './gateway.ts';
import type { ServingDoor } from './serving-door.ts';

export type { Gateway } from './gateway.ts';
export { readLabels, readMoment } from './read-labels.ts';
export type { LabelReceipt, NewLabel } from './record-labels.ts';
export type { InferAnswer, InferRequest, ServedEndpoint } from './served-endpoint.ts';
export type { AdvanceHook, LogSpan } from './serving-door.ts';
export type { ColumnValues } from './spool-line.ts';
export { type Datatype, datatypes, decodeRaw, elementSize } from './tensor.ts';

export interface Serving extends ServingDoor {
  readonly handlers: Handlers<typeof servingRoutes>;
  /** Answers in the gateway's process. */
  readonly gateway: Gateway;
  start(role: 'api' | 'worker' | 'gateway'): Promise<void>;
  stop(): Promise<void>;
}
