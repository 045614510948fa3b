// What users of Flyball install: definitions as code, and a typed connection.

export type { Gate, ModelInput, TrainingSetSpec } from '@flyball/api';
export { type ConnectOptions, connect, type Flyball } from './connect.ts';
export { defineDataset, expectation } from './definitions/define-dataset.ts';
export { defineEndpoint } from './definitions/define-endpoint.ts';
export { defineEntity } from './definitions/define-entity.ts';
export {
  count,
  defineFeatureView,
  type FeatureViewHandle,
  fromRequest,
  last,
  max,
  mean,
  min,
  shareAbove,
  sum,
  type WindowSpec,
} from './definitions/define-feature-view.ts';
export { defineModel } from './definitions/define-model.ts';
export { defineMonitor } from './definitions/define-monitor.ts';
export { definePipeline } from './definitions/define-pipeline.ts';
export { definePolicy } from './definitions/define-policy.ts';
export type { Definition, DefinitionKind, ModelDefinition, Reference } from './definitions/definition.ts';
export { type Duration, durationSeconds } from './definitions/duration.ts';
export { output, param } from './definitions/reference.ts';
export { applyProject } from './project/apply-project.ts';
export { loadProject, UserCodeError } from './project/load-project.ts';
export { type Change, planProject } from './project/plan-project.ts';
