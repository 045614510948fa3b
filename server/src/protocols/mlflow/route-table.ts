import type { Access } from '@flyball/api';
import { artifactCalls } from './artifact-calls.ts';
import { artifactRoutes, type StreamRoute } from './artifact-streams.ts';
import { transferCalls } from './artifact-transfers.ts';
import { assessmentCalls } from './assessment-calls.ts';
import { evaluationDatasetCalls } from './evaluation-dataset-calls.ts';
import { experimentCalls } from './experiment-calls.ts';
import { loggedModelCalls } from './logged-model-calls.ts';
import { loggingCalls } from './logging-calls.ts';
import { metricCalls } from './metric-calls.ts';
import type { MlflowCall, Scope } from './mlflow-call.ts';
import { modelCalls } from './model-calls.ts';
import { runCalls } from './run-calls.ts';
import { scorerCalls } from './scorer-calls.ts';
import { traceCalls } from './trace-calls.ts';
import { traceStreams } from './trace-streams.ts';
import { traceV2Calls } from './trace-v2-calls.ts';
import { versionCalls } from './version-calls.ts';
import { webhookCalls } from './webhook-calls.ts';
import { workspaceCalls } from './workspace-calls.ts';

/** Every JSON endpoint. */
export const mlflowCalls: readonly MlflowCall[] = [
  ...experimentCalls,
  ...runCalls,
  ...loggingCalls,
  ...metricCalls,
  ...loggedModelCalls,
  ...modelCalls,
  ...versionCalls,
  ...artifactCalls,
  ...transferCalls,
  ...traceCalls,
  ...traceV2Calls,
  ...assessmentCalls,
  ...evaluationDatasetCalls,
  ...scorerCalls,
  ...webhookCalls,
  ...workspaceCalls,
];

/** Every endpoint of raw bytes. */
export const streamRoutes: readonly StreamRoute[] = [...artifactRoutes, ...traceStreams];

export interface MlflowRoute {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** The whole path; `:name` and `*` stand for parameters. */
  readonly path: string;
  readonly access: Access;
  readonly scope: Scope;
}

/** Where an endpoint is served: for programs, and for pages. */
export const prefixesOf = ({ version, ajaxOnly }: Pick<MlflowCall, 'version' | 'ajaxOnly'>): string[] => [
  ...(ajaxOnly ? [] : [`/api/${version}.0`]),
  `/ajax-api/${version}.0`,
];

const places: Readonly<Record<StreamRoute['place'], readonly string[]>> = {
  api: ['/api/2.0', '/ajax-api/2.0'],
  ajax: ['/ajax-api/2.0'],
  ajaxBoth: ['/ajax-api/2.0', '/ajax-api/3.0'],
  root: [''],
};

export const streamPrefixes = ({ place }: StreamRoute): readonly string[] => places[place];

/** Who may call what, for the test that walks all routes as everybody. */
export const mlflowRouteTable: readonly MlflowRoute[] = [
  ...mlflowCalls.flatMap((call) =>
    prefixesOf(call).map((prefix) => ({
      method: call.method,
      path: prefix + call.path,
      access: call.access,
      scope: call.scope,
    })),
  ),
  ...streamRoutes.flatMap((route) =>
    streamPrefixes(route).map((prefix) => ({
      method: route.method,
      path: prefix + route.path,
      access: route.access,
      scope: 'project' as const,
    })),
  ),
  ...['/version', '/api/3.0/mlflow/server-info', '/ajax-api/3.0/mlflow/server-info'].map((path) => ({
    method: 'GET' as const,
    path,
    access: 'public' as const,
    scope: 'project' as const,
  })),
];
