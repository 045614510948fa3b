// The contract of Flyball: routes, schemas, errors, events and the typed client. Runs anywhere.
export { Approval, Decision } from './approval.ts';
export { type Client, type ClientOptions, createClient, routeUrl } from './client.ts';
export {
  ColumnProfile,
  Dataset,
  DatasetDefinition,
  DatasetFile,
  DatasetVersion,
  dataRoutes,
  Expectation,
  type ExpectationInput,
  ExpectationResult,
  LineageEdge,
  LineageGraph,
  LineageNode,
  NewVersion,
  NewVersionResult,
  Validation,
} from './data.ts';
export {
  type BadPlace,
  type ErrorBody,
  type ErrorCode,
  errorFromBody,
  errorStatus,
  invalidInput,
  notFound,
  PlatformError,
} from './errors.ts';
export {
  Comparison,
  EvaluateInput,
  Evaluation,
  evaluationRoutes,
  Gate,
  GateReport,
  GateResult,
  MeasuredMetric,
  Verdict,
} from './evaluation.ts';
export { type EventName, type EventPayload, events } from './events.ts';
export { Evidence, EvidenceSection } from './evidence.ts';
export {
  Entity,
  FeatureView,
  FeatureViewDefinition,
  featureRoutes,
  Measure,
  TrainingSet,
  TrainingSetSpec,
  WindowFeature,
} from './features.ts';
export { governanceRoutes, Policy, PolicyDefinition } from './governance.ts';
export {
  ImportedCounts,
  ImportedExperiment,
  ImportedLoggedModel,
  ImportedRun,
  ImportedVersion,
  registryImportRoutes,
  trackingImportRoutes,
} from './mlflow-import.ts';
export {
  Alert,
  AlertRule,
  Incident,
  Monitor,
  MonitorDefinition,
  monitoringRoutes,
  SignalDefinition,
  SignalValue,
} from './monitoring.ts';
export { ObjectSweep } from './object-sweep.ts';
export { openApiDocument } from './openapi.ts';
export { Digest, Empty, JsonObject, Name, PageQuery, ProjectParams, pageOf, Timestamp } from './page.ts';
export {
  Pipeline,
  PipelineDefinition,
  PipelineRun,
  PipelineStep,
  pipelineRoutes,
  RunState,
  StepDefinition,
  StepState,
  Trigger,
} from './pipelines.ts';
export { AuditEvent, type PlatformRoutes, Project, platformRoutes, Role, Token } from './platform.ts';
export {
  Model,
  ModelFile,
  ModelInput,
  ModelName,
  ModelVersion,
  NewModelVersion,
  registryRoutes,
  ScanVerdict,
  WebhookDelivery,
} from './registry.ts';
export {
  type Access,
  apiPrefix,
  defineRoutes,
  type Route,
  type RouteAnswer,
  type RouteInput,
  type RouteRequest,
  type RouteResult,
  type Routes,
} from './route.ts';
export { allRoutes } from './routes.ts';
export { GroupMetric, RunGroup } from './run-groups.ts';
export { ParamImportance, RunImportance } from './run-importance.ts';
export { Purge, RetentionRule } from './run-purge.ts';
export { MetricSummary, MetricValue, RunKeys } from './run-table.ts';
export { RunView } from './run-views.ts';
export {
  Deployment,
  Endpoint,
  EndpointDefinition,
  LabelBatch,
  MetricEvidence,
  Rollout,
  RolloutCheck,
  RolloutMetric,
  RolloutPlan,
  RolloutState,
  RolloutStep,
  servingRoutes,
  TrafficPoint,
} from './serving.ts';
export { Trace, TraceSpan, TraceStatus, tracingRoutes } from './tracing.ts';
export {
  Artifact,
  Experiment,
  MetricPoint,
  Run,
  RunBatch,
  RunStatus,
  trackingRoutes,
} from './tracking.ts';
