import { createData, type Data } from '#data';
import { createEvaluation, type Evaluation } from '#evaluation';
import { createFeatures, type Features } from '#features';
import { createGovernance, type Governance } from '#governance';
import { createMonitoring, type Monitoring } from '#monitoring';
import { createPipelines, type Pipelines } from '#pipelines';
import { createRegistry, type Registry } from '#registry';
import { createServing, type Serving } from '#serving';
import { createTracing, type Tracing } from '#tracing';
import { createTracking, type Tracking } from '#tracking';
import type { Role } from './config.ts';
import type { Platform } from './platform/platform.ts';

/** The ten modules, each built with what is left of it. */
export interface Modules {
  readonly data: Data;
  readonly features: Features;
  readonly tracking: Tracking;
  readonly tracing: Tracing;
  readonly registry: Registry;
  readonly evaluation: Evaluation;
  readonly pipelines: Pipelines;
  readonly serving: Serving;
  readonly monitoring: Monitoring;
  readonly governance: Governance;
  start(role: Role): Promise<void>;
  stop(): Promise<void>;
}

export function createModules(platform: Platform): Modules {
  const data = createData(platform);
  const features = createFeatures(platform, data);
  const tracking = createTracking(platform, data);
  const tracing = createTracing(platform, tracking);
  const registry = createRegistry(platform, data, tracking);
  const evaluation = createEvaluation(platform, data, features, tracking, registry);
  const pipelines = createPipelines(platform, data);
  const serving = createServing(platform, data, features, registry);
  const monitoring = createMonitoring(platform, features, registry, evaluation, pipelines, serving);
  const governance = createGovernance(platform, data, features, tracking, registry, evaluation, serving);
  tracking.guardPurges(registry.versionsFrom);
  registry.protectAliases(governance.protectsAlias);
  serving.guardRollouts(governance.refusesRollout);
  for (const { actions } of [features, registry, evaluation, serving, governance]) pipelines.registerActions(actions);
  return {
    data,
    features,
    tracking,
    tracing,
    registry,
    evaluation,
    pipelines,
    serving,
    monitoring,
    governance,
    start: async (role) => {
      if (role === 'api') await tracking.start();
      await serving.start(role);
      if (role === 'worker') {
        const { projects, objectSweeps } = platform;
        await Promise.all([pipelines, tracking, projects, objectSweeps].map(async (each) => await each.startWork()));
      }
    },
    stop: async () => {
      await pipelines.stop();
      await serving.stop();
      await tracking.stop();
    },
  };
}
