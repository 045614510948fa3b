import { freezeBins } from '@flyball/stats';
import type { Reference, SignalDefinition } from './measure-signal.ts';
import type { StoredMonitor } from './monitor-store.ts';
import type { MonitoringParts } from './parts.ts';
import { readTrainingColumn } from './training-column.ts';

const metricOf: Partial<Record<SignalDefinition['kind'], string>> = {
  log_loss: 'log_loss',
  calibration_error: 'calibration_error',
  auc: 'auc',
};

/** What a champion promised before it served: the inputs it was trained on, and what its evaluation measured. */
export async function startingReference(
  parts: MonitoringParts,
  monitor: StoredMonitor,
  signal: SignalDefinition,
  champion: number,
): Promise<Reference | null> {
  const { project } = monitor;
  const { model } = await parts.serving.getEndpoint(project, monitor.endpoint);
  const metric = metricOf[signal.kind];
  if (metric !== undefined) {
    const [latest] = await parts.evaluation.listEvaluations({ project, model, version: champion, limit: 1 });
    const value = latest?.metrics.find(({ name }) => name === metric)?.value;
    return value === undefined ? null : { value };
  }
  if ((signal.kind !== 'psi' && signal.kind !== 'ks') || signal.column === undefined) return null;
  const version = await parts.registry.getVersion(project, model, champion);
  const setId = version.dataset?.trainingSetId ?? null;
  const values = setId === null ? null : await readTrainingColumn(parts, project, setId, signal.column);
  if (values === null || values.length < signal.minCount) return null;
  return { bins: freezeBins(values, { kind: values instanceof Float64Array ? 'quantile' : 'values' }) };
}
