import { setTimeout as pause } from 'node:timers/promises';
import type { GatewayWatch } from './await-gateway.ts';
import { ENDPOINT_SETTLED } from './channels.ts';
import { checkRollout, type Looking, stopBrokenRollout } from './check-rollout.ts';
import { type EndpointRow, findEndpointById, settleUntil } from './endpoint-store.ts';
import { ingestLog } from './ingest-log.ts';
import { findActiveRollout } from './rollout-store.ts';
import type { AdvanceHook } from './serving-door.ts';

export interface Settling extends Looking {
  readonly gateway: GatewayWatch;
  readonly hooks: readonly AdvanceHook[];
  readonly signal: AbortSignal;
}

const BUSY_PAUSE_MS = 50;
const LONGEST_PAUSE_MS = 500;
/** Without anything to wait for, an endpoint is looked at again after a day of event time. */
const IDLE_MS = 86_400_000;

interface Round {
  /** Something was done that what is due may depend on. */
  readonly isUnrest: boolean;
  readonly isBusy: boolean;
  readonly nextDueMs: number;
}

/** Does what is due at an endpoint by its watermark, until nothing more follows from it. */
export async function settleEndpoint(settling: Settling, endpointId: string): Promise<void> {
  const { parts, signal } = settling;
  const { database } = parts.platform;
  let pauseMs = BUSY_PAUSE_MS;
  while (!signal.aborted) {
    const endpoint = await findEndpointById(database, endpointId);
    if (endpoint === null) return;
    await stopBrokenRollout(settling, endpoint);
    if (endpoint.watermark === null || isSettled(endpoint)) return;
    const watermark = endpoint.watermark;
    const round = await settleOnce(settling, endpoint, watermark.getTime());
    if (round.isBusy) {
      await pause(pauseMs, undefined, { ref: false });
      pauseMs = Math.min(LONGEST_PAUSE_MS, pauseMs * 1.5);
      continue;
    }
    pauseMs = BUSY_PAUSE_MS;
    if (round.isUnrest) continue;
    if (await settleUntil(database, endpoint, watermark, new Date(round.nextDueMs))) {
      await database.notify(ENDPOINT_SETTLED, endpointId);
    }
  }
}

function isSettled({ watermark, settled_until, next_due }: EndpointRow): boolean {
  if (watermark === null || next_due === null) return false;
  return (settled_until !== null && settled_until >= watermark) || next_due > watermark;
}

async function settleOnce(settling: Settling, endpoint: EndpointRow, watermarkMs: number): Promise<Round> {
  const { parts, gateway, hooks } = settling;
  const { database } = parts.platform;
  // While a rollout runs the other version's answers are still on their way when the caller has its own.
  const before = await findActiveRollout(database, endpoint.id);
  if (before !== null) await gateway.catchUp(endpoint.id);
  await ingestLog(parts, endpoint.id);
  const rollout = await checkRollout(settling, endpoint, watermarkMs);
  let isBusy = false;
  let nextDueMs = rollout.nextDueMs ?? watermarkMs + IDLE_MS;
  const ask = async (): Promise<void> => {
    for (const hook of hooks) {
      const due = await hook(endpoint.project, endpoint.name, watermarkMs);
      isBusy ||= due.busy;
      if (due.nextDueMs !== null) nextDueMs = Math.min(nextDueMs, due.nextDueMs);
    }
  };
  await ask();
  // An alert that was just opened starts a pipeline only when its event has arrived, which may be in between.
  isBusy ||= await parts.platform.events.hasUnhandled(endpoint.project);
  if (!isBusy) await ask();
  const after = await findActiveRollout(database, endpoint.id);
  const isMoved = rollout.changed || before?.id !== after?.id || before?.step !== after?.step;
  // What comes next must meet the new weights.
  if (isMoved) await gateway.catchUp(endpoint.id);
  return { isUnrest: isMoved, isBusy, nextDueMs: Math.max(nextDueMs, watermarkMs + 1) };
}
