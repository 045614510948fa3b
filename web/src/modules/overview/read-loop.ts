import { type Approval, type Endpoint, PlatformError } from '@flyball/api';
import { server } from '../../server.ts';

/** Absent things are part of a loop that has not closed yet. */
async function ifThere<T>(asked: Promise<T>): Promise<T | null> {
  try {
    return await asked;
  } catch (error) {
    if (error instanceof PlatformError && error.code === 'not_found') return null;
    throw error;
  }
}

async function readModel(name: string) {
  const model = await ifThere(server().getModel({ params: { model: name } }));
  const version = model?.latestVersion ?? null;
  if (model === null || version === null) return { model, latest: null, gates: null, run: null };
  const latest = await server().getModelVersion({ params: { model: name, version } });
  const [gates, run] = await Promise.all([
    server().listGateReports({ params: { model: name, version }, query: { limit: 1 } }),
    latest.runId === null ? null : ifThere(server().getRun({ params: { run: latest.runId } })),
  ]);
  return { model, latest, gates: gates.items[0] ?? null, run };
}

const waiting = (approvals: readonly Approval[], endpoint: string): number =>
  approvals.filter((approval) => approval.endpoint === endpoint).length;

/** Everything that the loop around one endpoint consists of, as it is now. */
export async function readLoop(endpoint: Endpoint) {
  const { name, model: modelName, activeRollout, feedback } = endpoint;
  const [model, rollout, alerts, approvals, pipelineRuns, views, monitors] = await Promise.all([
    readModel(modelName),
    activeRollout === null ? null : ifThere(server().getRollout({ params: { rollout: activeRollout } })),
    server().listAlerts({ query: { state: 'open', endpoint: name } }),
    server().listApprovals({ query: { state: 'pending', model: modelName } }),
    server().listPipelineRuns({ query: { state: 'running' } }),
    server().listFeatureViews({ query: {} }),
    server().listMonitors({ query: {} }),
  ]);
  const datasetName = feedback?.dataset ?? model.latest?.dataset?.name;
  const dataset =
    datasetName === undefined ? null : await ifThere(server().getDataset({ params: { dataset: datasetName } }));
  return {
    endpoint,
    ...model,
    rollout,
    dataset,
    alerts: alerts.items,
    pendingApprovals: waiting(approvals.items, name),
    pipelineRuns: pipelineRuns.items,
    views: views.items,
    monitors: monitors.items.filter((monitor) => monitor.endpoint === name),
  };
}
export type Loop = Awaited<ReturnType<typeof readLoop>>;
