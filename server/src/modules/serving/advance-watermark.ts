import { notFound } from '@flyball/api';
import { ENDPOINT_SETTLED, WATERMARK_MOVED } from './channels.ts';
import { declareWatermark, findEndpointById, type WatermarkRow } from './endpoint-store.ts';
import type { ServingParts } from './parts.ts';

export interface AdvancedWatermark {
  readonly watermark: string;
  readonly settled: boolean;
  readonly nextDueAt: string | null;
}

const LOOK_EVERY_MS = 250;

/** Waiters of one process, told apart by endpoint. */
export class SettledWatch {
  readonly #parts: ServingParts;
  readonly #waiting = new Map<string, Set<() => void>>();
  #unlisten: (() => Promise<void>) | undefined;

  constructor(parts: ServingParts) {
    this.#parts = parts;
  }

  async start(): Promise<void> {
    this.#unlisten = await this.#parts.platform.database.listen(ENDPOINT_SETTLED, (endpointId) => {
      for (const wake of this.#waiting.get(endpointId) ?? []) wake();
    });
  }

  async stop(): Promise<void> {
    await this.#unlisten?.();
  }

  /** Resolves when the endpoint is said to have settled, and at the latest after a moment, as a message may be lost. */
  async next(endpointId: string): Promise<void> {
    const waiters = this.#waiting.get(endpointId) ?? new Set();
    this.#waiting.set(endpointId, waiters);
    await new Promise<void>((resolve) => {
      const wake = (): void => {
        clearTimeout(timer);
        waiters.delete(wake);
        resolve();
      };
      const timer = setTimeout(wake, LOOK_EVERY_MS);
      waiters.add(wake);
    });
  }
}

const isSettled = ({ watermark, settled_until, next_due }: WatermarkRow): boolean =>
  next_due !== null && (next_due > watermark || (settled_until !== null && settled_until >= watermark));

/**
 * Declares that all predictions and labels up to a moment are in. Where nothing is due by then that is all; else waits
 * until the worker has done what is.
 */
export async function advanceWatermark(
  parts: ServingParts,
  settled: SettledWatch,
  call: { readonly project: string; readonly endpoint: string; readonly at: Date; readonly waitSeconds: number },
  signal: AbortSignal,
): Promise<AdvancedWatermark> {
  const { database } = parts.platform;
  let row: WatermarkRow | null = await declareWatermark(database, call.project, call.endpoint, call.at);
  if (row === null) throw notFound('endpoint', call.endpoint);
  const { id } = row;
  const deadline = performance.now() + call.waitSeconds * 1000;
  if (!isSettled(row)) await database.notify(WATERMARK_MOVED, id);
  while (!isSettled(row) && performance.now() < deadline && !signal.aborted) {
    await settled.next(id);
    const found = await findEndpointById(database, id);
    if (found?.watermark == null) throw notFound('endpoint', call.endpoint);
    row = { ...found, watermark: found.watermark };
  }
  return {
    watermark: row.watermark.toISOString(),
    settled: isSettled(row),
    nextDueAt: row.next_due?.toISOString() ?? null,
  };
}
