// Whether a version is good enough: runtimes that load and score, metrics with intervals, gates with verdicts.
// It owns evaluations and gate reports; it knows nothing of where versions serve.

import type { EvaluateInput, Evaluation as EvaluationResult, evaluationRoutes, GateReport } from '@flyball/api';
import type { z } from 'zod';
import type { Data } from '#data';
import type { Features } from '#features';
import type { Actor } from '#platform/access/actor';
import type { Action } from '#platform/actions/action';
import type { Handlers } from '#platform/http/serve';
import type { Platform } from '#platform/platform';
import type { Registry } from '#registry';
import type { Tracking } from '#tracking';
import { evaluationActions } from './actions.ts';
import { checkGates, type GatesInput } from './check-gates.ts';
import { evaluateVersion } from './evaluate-version.ts';
import { listEvaluations, listGateReports, type VersionPage } from './evaluation-store.ts';
import { explainPredictions } from './explain-predictions.ts';
import { loadOnnx } from './load-onnx.ts';
import type { ModelRuntime } from './model-runtime.ts';
import type { EvaluationParts } from './parts.ts';

export { checkModelRuntime } from './check-model-runtime.ts';
export type { ModelRuntime } from './model-runtime.ts';
export { STEP_TAG } from './train-model.ts';

export interface Evaluation {
  readonly actions: readonly Action[];
  readonly handlers: Handlers<typeof evaluationRoutes>;
  evaluate(actor: Actor, project: string, input: z.output<typeof EvaluateInput>): Promise<EvaluationResult>;
  listEvaluations(page: VersionPage): Promise<EvaluationResult[]>;
  checkGates(actor: Actor, project: string, input: GatesInput): Promise<GateReport>;
  /** Newest first. */
  listGateReports(page: VersionPage): Promise<GateReport[]>;
  loadModel(path: string): Promise<ModelRuntime>;
}

function pageOf<T extends { readonly id: string }>(items: T[], limit: number) {
  const last = items.at(-1);
  return items.length === limit && last !== undefined ? { items, nextPageToken: last.id } : { items };
}

function handlersOf(parts: EvaluationParts): Handlers<typeof evaluationRoutes> {
  const { database } = parts.platform;
  return {
    evaluate: async ({ actor, project, body }) => await evaluateVersion(parts, actor, project, body),
    listEvaluations: async ({ params, query: { limit, pageToken: before } }) =>
      pageOf(await listEvaluations(database, { ...params, limit, before }), limit),
    checkGates: async ({ actor, project, params, body }) =>
      await checkGates(parts, actor, project, { ...params, ...body }),
    listGateReports: async ({ params, query: { limit, pageToken: before } }) =>
      pageOf(await listGateReports(database, { ...params, limit, before }), limit),
    explainPredictions: async ({ project, params, body }) =>
      await explainPredictions(parts, project, params.model, params.version, body.rows),
  };
}

export function createEvaluation(
  platform: Platform,
  data: Data,
  features: Features,
  tracking: Tracking,
  registry: Registry,
): Evaluation {
  const parts: EvaluationParts = { platform, data, features, tracking, registry };
  return {
    actions: evaluationActions(parts),
    handlers: handlersOf(parts),
    evaluate: async (actor, project, input) => await evaluateVersion(parts, actor, project, input),
    listEvaluations: async (page) => await listEvaluations(platform.database, page),
    checkGates: async (actor, project, input) => await checkGates(parts, actor, project, input),
    listGateReports: async (page) => await listGateReports(platform.database, page),
    loadModel: loadOnnx,
  };
}
