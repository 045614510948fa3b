import { PlatformError } from '@flyball/api';
import type { AnalyticsSession, HeldAnalytics } from './analytics.ts';

type Work<T> = (session: AnalyticsSession) => Promise<T>;

/** A locked instance of DuckDB with its folder. */
export interface Sandbox {
  use<T>(stop: AbortSignal, work: Work<T>): Promise<T>;
  close(): Promise<void>;
}

export async function once<T>(open: () => Promise<Sandbox>, stop: AbortSignal, work: Work<T>): Promise<T> {
  const sandbox = await open();
  try {
    return await sandbox.use(stop, work);
  } finally {
    await sandbox.close();
  }
}

/** A sandbox between uses. It opens with the first one; an error may leave anything behind, so it ends with that. */
export function holdSandbox(
  open: () => Promise<Sandbox>,
  inPlace: <T>(work: (stop: AbortSignal) => Promise<T>) => Promise<T>,
  forget: () => void,
): HeldAnalytics {
  let sandbox: Sandbox | undefined;
  let last: Promise<unknown> = Promise.resolve();
  let isClosed = false;

  async function end(): Promise<void> {
    isClosed = true;
    forget();
    const ended = sandbox;
    sandbox = undefined;
    await ended?.close();
  }

  async function use<T>(stop: AbortSignal, work: Work<T>): Promise<T> {
    try {
      sandbox ??= await open();
      return await sandbox.use(stop, work);
    } catch (error) {
      await end();
      throw error;
    }
  }

  function inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = last.then(work);
    last = turn.catch(() => undefined);
    return turn;
  }

  return {
    get isClosed() {
      return isClosed;
    },
    use: (work) =>
      inTurn(async () => {
        if (isClosed) throw new PlatformError('unavailable', 'What was held is closed: start again from nothing');
        return await inPlace((stop) => use(stop, work));
      }),
    close: () => inTurn(end),
  };
}
