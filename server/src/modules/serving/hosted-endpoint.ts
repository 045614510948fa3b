import { rmSync } from 'node:fs';
import type { EndpointRow } from './endpoint-store.ts';
import { type FeedbackEvent, inputsBroughtBack } from './feedback-event.ts';
import type { CoveredLabels, FeedbackSource, OnlineViews } from './online-views.ts';
import type { ServingParts } from './parts.ts';
import { PendingPredictions } from './pending-predictions.ts';
import { requestOf, restoreEndpoint } from './restore-endpoint.ts';
import type { RolloutRow } from './rollout-store.ts';
import { scanSpool } from './scan-spool.ts';
import { type EndpointState, ServedEndpoint } from './served-endpoint.ts';
import { Spool } from './spool.ts';
import { listSpoolFiles, spoolFolder } from './spool-files.ts';
import type { PredictionEntry } from './spool-line.ts';

/** An endpoint with all that the gateway keeps for it. */
export interface HostedEndpoint {
  readonly id: string;
  readonly project: string;
  readonly folder: string;
  readonly served: ServedEndpoint;
  readonly views: OnlineViews;
  row: EndpointRow;
  feedback: FeedbackSource | null;
  /** Logged requests of the running rollout that a restart left without their other score. */
  missingShadows: readonly PredictionEntry[];
}

export interface HostingParts {
  readonly parts: ServingParts;
  readonly views: OnlineViews;
  /** What the ids of an endpoint's predictions begin with, different for each. */
  newPrefix(): string;
  covered(endpointId: string): Promise<CoveredLabels | null>;
  lost(endpointId: string, rows: number): void;
  refused(endpointId: string, version: number, reason: string): void;
}

/** Rows whose predictions are remembered for their labels. */
const PENDING_ROWS = 500_000;

export function stateOf(row: EndpointRow, rollout: RolloutRow | undefined): EndpointState {
  const step = rollout?.plan.steps[rollout.step];
  return {
    definition: row.definition,
    champion: row.champion,
    split:
      rollout === undefined || step === undefined
        ? null
        : { rollout: rollout.id, candidate: rollout.candidate, step: rollout.step, weight: step.weight },
  };
}

/** Opens an endpoint's log after any kind of stop, and reads back what belongs in memory. */
export async function hostEndpoint(
  row: EndpointRow,
  rollout: RolloutRow | undefined,
  hosting: HostingParts,
): Promise<HostedEndpoint> {
  const { config, clock } = hosting.parts.platform;
  const folder = spoolFolder(config.dataDir, row.id);
  const known = { position: row.log_position, sequence: row.log_sequence };
  const spool = new Spool({ folder, sync: config.spoolSync, known });
  const [first] = listSpoolFiles(folder);
  const pending = new PendingPredictions(PENDING_ROWS, (first?.start ?? 0) > 0, hosting.newPrefix());
  const restored = await restoreEndpoint(folder, spool.position, pending, rollout?.id ?? null);
  const served = new ServedEndpoint(stateOf(row, rollout), {
    spool,
    pending,
    views: hosting.views,
    now: () => clock.now().getTime(),
    lost: (rows) => hosting.lost(row.id, rows),
    refused: (version, reason) => hosting.refused(row.id, version, reason),
  });
  served.newestAt = Math.max(restored.newestAt, row.last_prediction_at?.getTime() ?? 0);
  const hosted: HostedEndpoint = {
    id: row.id,
    project: row.project,
    folder,
    served,
    views: hosting.views,
    row,
    feedback: null,
    missingShadows: restored.missingShadows,
  };
  hosted.feedback = feedbackOf(hosted, hosting);
  return hosted;
}

/** How the endpoint's labels become rows of a dataset, as its present definition says. */
export function feedbackOf(hosted: HostedEndpoint, { covered }: Pick<HostingParts, 'covered'>): FeedbackSource | null {
  const { feedback } = hosted.row.definition;
  if (feedback === undefined) return null;
  return {
    dataset: feedback.dataset,
    fillings: feedback.columns,
    covered: () => covered(hosted.id),
    replay: (done, visit) => replayLabels(hosted, done, visit),
  };
}

async function replayLabels(
  { folder, served }: HostedEndpoint,
  covered: CoveredLabels,
  visit: (event: FeedbackEvent) => void,
): Promise<void> {
  served.spool.flush(() => undefined);
  const requests = new Map<string, PredictionEntry>();
  await scanSpool(folder, served.spool.position, (entry) => {
    if (entry.t === 'p') requests.set(entry.r, entry);
    if (entry.t !== 'l') return;
    for (const [i, id] of entry.id.entries()) {
      const labelAt = entry.at[i]!;
      if (entry.q <= covered.sequence && labelAt <= covered.untilMs) continue;
      const dot = id.lastIndexOf('.');
      const request = requests.get(id.slice(0, dot));
      if (request === undefined) continue;
      visit({ at: request.at, labelAt, value: entry.y[i]!, row: Number(id.slice(dot + 1)), columns: request.i });
    }
  });
}

/** After another definition of the feedback: requests that wait for their labels get the inputs that it needs. */
export async function refillPending({ folder, served, row }: HostedEndpoint): Promise<void> {
  const wanted = inputsBroughtBack(row.definition.feedback);
  if (wanted === null) return;
  served.flush();
  await scanSpool(folder, served.spool.position, (entry) => {
    if (entry.t !== 'p') return;
    served.pending.refill(entry.r, Object.fromEntries([...wanted].map((name) => [name, entry.i[name] ?? []])));
  });
}

/** Has the other version score what a restart left unscored, once both can. */
export function mirrorMissing(hosted: HostedEndpoint): void {
  const { served, missingShadows } = hosted;
  const { split, champion, definition } = served.state;
  if (missingShadows.length === 0 || split === null || champion === null) return;
  const both = [split.candidate, champion].map((version) => served.versions.get(version));
  if (!both.every((version) => version?.canServe === true)) return;
  hosted.missingShadows = [];
  const inputs = definition.inputs.map(({ name }) => name);
  for (const entry of missingShadows) {
    if (entry.ro !== split.rollout || entry.st === null) continue;
    const other = entry.v === split.candidate ? champion : split.candidate;
    const exposure = { rollout: entry.ro, step: entry.st, weight: entry.w };
    served.mirrorAgain(requestOf(entry, inputs), entry.q, other, exposure);
  }
}

/** Ends an endpoint; `forget` also removes its log. */
export async function closeEndpoint({ served, folder }: HostedEndpoint, forget: boolean): Promise<void> {
  await Promise.all([...served.versions.values()].map((version) => version.stop()));
  served.versions.clear();
  served.flush();
  served.spool.close();
  if (forget) rmSync(folder, { recursive: true, force: true });
}
