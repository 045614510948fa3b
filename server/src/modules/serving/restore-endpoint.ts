import type { InferRequest } from './infer-request.ts';
import type { PendingPredictions } from './pending-predictions.ts';
import { scanSpool } from './scan-spool.ts';
import { fingerprintOf, type LabelEntry, type PredictionEntry } from './spool-line.ts';

export interface Restored {
  readonly newestAt: number;
  /** Requests of the running rollout that its other version has not scored. */
  readonly missingShadows: readonly PredictionEntry[];
}

/** Reads back from the log what a gateway keeps in memory: which predictions wait for their labels. */
export async function restoreEndpoint(
  folder: string,
  until: number,
  pending: PendingPredictions,
  rollout: string | null,
): Promise<Restored> {
  let newestAt = 0;
  const unmirrored = new Map<string, PredictionEntry>();
  await scanSpool(folder, until, (entry) => {
    if (entry.t === 'p') {
      newestAt = Math.max(newestAt, entry.at);
      if (entry.e === null) pending.add(pendingOf(entry));
      if (entry.ro !== null && entry.ro === rollout) unmirrored.set(entry.r, entry);
    } else if (entry.t === 's') unmirrored.delete(entry.r);
    else if (entry.t === 'l') restoreLabels(pending, entry);
  });
  return { newestAt, missingShadows: [...unmirrored.values()] };
}

function pendingOf({ r: id, q: sequence, at, n: rows, i: columns, v: version, y }: PredictionEntry) {
  const values = Float32Array.from(y ?? [], (value) => value ?? Number.NaN);
  const fingerprint = fingerprintOf(JSON.stringify(columns).slice(1, -1));
  return { id, sequence, at, rows, columns, answer: { version, values, fingerprint } };
}

function restoreLabels(pending: PendingPredictions, { id: ids }: LabelEntry): void {
  for (const id of ids) {
    const match = pending.match(id);
    if (match.kind !== 'pending') continue;
    pending.label(match.request, match.row);
    pending.release(match.request);
  }
}

/** A logged request as it was asked. */
export function requestOf(
  entry: PredictionEntry,
  inputs: readonly string[],
): InferRequest & { readonly id: string; readonly at: number } {
  return { id: entry.r, at: entry.at, rows: entry.n, columns: inputs.map((name) => entry.i[name] ?? []) };
}
