import type { Deployment, Endpoint, Rollout } from '@flyball/api';
import { type DeploymentRow, listDeployments } from './deployment-store.ts';
import type { EndpointRow } from './endpoint-store.ts';
import type { ServingParts } from './parts.ts';
import { checksOf, listActiveRollouts, type RolloutRow } from './rollout-store.ts';

type Reader = Pick<ServingParts['platform']['database'], 'tables'>;

const isoOrNull = (at: Date | null): string | null => at?.toISOString() ?? null;

function presentDeployments(
  row: EndpointRow,
  rollout: RolloutRow | undefined,
  known: readonly DeploymentRow[],
): Deployment[] {
  const weight = rollout?.plan.steps[rollout.step]?.weight ?? 0;
  const replicas = (version: number): Deployment['replicas'] => {
    const found = known.find((one) => one.version === version);
    if (found === undefined || (found.error !== null && found.replicas.length === 0)) {
      const state = found?.state ?? 'starting';
      return [{ id: `${version}`, state, pid: null, rows: 0, error: found?.error ?? null }];
    }
    return found.replicas;
  };
  const deployments: Deployment[] = [];
  if (row.champion !== null) {
    const share = rollout === undefined ? 1 : 1 - weight;
    deployments.push({ version: row.champion, role: 'champion', weight: share, replicas: replicas(row.champion) });
  }
  if (rollout !== undefined) {
    const { candidate } = rollout;
    const role = weight === 0 ? 'shadow' : 'candidate';
    deployments.push({ version: candidate, role, weight, replicas: replicas(candidate) });
  }
  return deployments;
}

/** Endpoints as the contract shows them. */
export async function presentEndpoints(on: Reader, rows: readonly EndpointRow[]): Promise<Endpoint[]> {
  const ids = rows.map(({ id }) => id);
  const deployments = await listDeployments(on, ids);
  const rollouts = new Map((await listActiveRollouts(on)).map((rollout) => [rollout.endpoint_id, rollout]));
  return rows.map((row) => {
    const rollout = rollouts.get(row.id);
    const own = deployments.filter(({ endpoint_id }) => endpoint_id === row.id);
    return {
      ...row.definition,
      champion: row.champion,
      deployments: presentDeployments(row, rollout, own),
      activeRollout: rollout?.id ?? null,
      watermark: isoOrNull(row.watermark),
      predictions: Number(row.predictions),
      labels: Number(row.labels),
      unknownLabels: Number(row.unknown_labels),
      lostPredictions: Number(row.lost_predictions),
      createdAt: row.created_at.toISOString(),
      updatedAt: row.updated_at.toISOString(),
    };
  });
}

/** Rollouts with all their checks. */
export async function presentRollouts(on: Reader, endpoint: string, rows: readonly RolloutRow[]): Promise<Rollout[]> {
  const checks = await checksOf(
    on,
    rows.map(({ id }) => id),
  );
  return rows.map((row) => ({
    id: row.id,
    endpoint,
    champion: row.champion,
    candidate: row.candidate,
    plan: row.plan,
    planDigest: row.plan_digest,
    state: row.state,
    step: row.step,
    reason: row.reason,
    startedAt: row.started_at.toISOString(),
    firstEventAt: isoOrNull(row.first_event_at),
    lastEventAt: isoOrNull(row.last_event_at),
    endedAt: isoOrNull(row.ended_at),
    startedBy: row.started_by,
    candidateAnswered: Number(row.candidate_answered),
    checks: checks.get(row.id) ?? [],
  }));
}
