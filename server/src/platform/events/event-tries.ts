import type { Logger } from '../telemetry/log.ts';
import type { OutboxCursorStore } from './outbox-cursor-store.ts';
import type { OutboxEvent, PlacedEvent } from './outbox-store.ts';

export interface EventTriesOptions {
  readonly subscriber: string;
  readonly handler: (event: OutboxEvent) => Promise<void>;
  readonly cursors: OutboxCursorStore;
  readonly log: Pick<Logger, 'warn' | 'error'>;
  readonly firstPauseMs: number;
  readonly pause: (ms: number) => Promise<void>;
}

const MOST_TRIES = 10;
const LONGEST_PAUSE_MS = 60_000;

/**
 * Hands events to one subscriber. The tries of an event are counted in the database, and before they are made as soon
 * as there is a reason: an event that ends its process must be parked, too.
 */
export function createEventTries({ subscriber, handler, cursors, log, firstPauseMs, pause }: EventTriesOptions) {
  /** At first, as the try before it may have ended its process, and after a failure. */
  let mustCount = true;

  async function attempt({ id, at, project, name, payload }: PlacedEvent, tries: number): Promise<unknown> {
    if (tries > MOST_TRIES) return new Error(`Its process ended in the middle of it ${MOST_TRIES} times`);
    try {
      await handler({ id, at, project, name, payload });
      return undefined;
    } catch (error) {
      return error ?? new Error('It failed without an error');
    }
  }

  /** Whether the event is done with: handled, or parked. Otherwise a pause has been made. */
  return async function settle(event: PlacedEvent): Promise<boolean> {
    const tries = mustCount ? await cursors.beginTry(subscriber, event.id) : 1;
    const error = await attempt(event, tries);
    const fields = { err: error, subscriber, event: event.name, eventId: event.id, tries };
    if (error !== undefined && tries < MOST_TRIES) {
      if (!mustCount) await cursors.beginTry(subscriber, event.id);
      mustCount = true;
      log.warn(fields, 'a subscriber failed and will try again');
      await pause(Math.min(firstPauseMs * 2 ** (tries - 1), LONGEST_PAUSE_MS));
      return false;
    }
    if (error !== undefined) {
      log.error(fields, 'a subscriber failed every time: the event is parked');
      await cursors.park(subscriber, event, error instanceof Error ? (error.stack ?? error.message) : String(error));
    }
    mustCount = false;
    return true;
  };
}
