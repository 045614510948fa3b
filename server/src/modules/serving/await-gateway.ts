import { setTimeout as pause } from 'node:timers/promises';
import { newId } from '#platform/uuid';
import { GATEWAY_CAUGHT_UP, ROUTES_CHANGED } from './channels.ts';
import type { ServingParts } from './parts.ts';

const ASK_AGAIN_MS = 500;
const PATIENCE_MS = 45_000;

/** Lets the worker wait until the gateway has done, and logged, all that it was asked before. */
export class GatewayWatch {
  readonly #parts: ServingParts;
  readonly #waiting = new Map<string, () => void>();
  #unlisten: (() => Promise<void>) | undefined;
  /** Until then nobody is asked again: no gateway has answered lately. */
  #absentUntil = 0;

  constructor(parts: ServingParts) {
    this.#parts = parts;
  }

  async start(): Promise<void> {
    const { database } = this.#parts.platform;
    this.#unlisten = await database.listen(GATEWAY_CAUGHT_UP, (token) => this.#waiting.get(token)?.());
  }

  async stop(): Promise<void> {
    await this.#unlisten?.();
  }

  /**
   * False when no gateway has answered in time. The question is repeated, as a gateway that is just being restarted has
   * not heard it.
   */
  async catchUp(endpointId: string): Promise<boolean> {
    const { database, log } = this.#parts.platform;
    const started = performance.now();
    if (started < this.#absentUntil) return false;
    const token = newId();
    const answer = Promise.withResolvers<true>();
    this.#waiting.set(token, () => answer.resolve(true));
    try {
      while (performance.now() - started < PATIENCE_MS) {
        await database.notify(ROUTES_CHANGED, `${endpointId} ${token}`);
        if ((await Promise.race([answer.promise, pause(ASK_AGAIN_MS, false, { ref: false })])) === true) return true;
      }
      this.#absentUntil = performance.now() + PATIENCE_MS;
      log.warn({ endpointId }, 'no gateway has answered; going on with what is in the log');
      return false;
    } finally {
      this.#waiting.delete(token);
    }
  }
}
