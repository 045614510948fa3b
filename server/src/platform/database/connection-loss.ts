import { setTimeout as sleep } from 'node:timers/promises';
import { PlatformError } from '@flyball/api';

const lostCodes = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ENOENT', // the Unix socket is gone while the server restarts
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
  '57P01', // admin_shutdown
  '57P02', // crash_shutdown
  '57P03', // cannot_connect_now: starting up or stopping
  '58006',
  '53300', // too_many_connections
]);

const lostMessages =
  /^(Connection terminated|timeout exceeded when trying to connect|Client has encountered|read ECONN)/;

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';
}

/** Whether the server went away, as opposed to having refused the statement. */
export function isConnectionLoss(error: unknown): boolean {
  if (error instanceof AggregateError) return error.errors.some(isConnectionLoss);
  const code = codeOf(error);
  return lostCodes.has(code) || code.startsWith('08') || (error instanceof Error && lostMessages.test(error.message));
}

/** A lost connection becomes `unavailable`; every other failure stays what it is. */
export function describeConnectionLoss(error: unknown): unknown {
  if (error instanceof PlatformError || !isConnectionLoss(error)) return error;
  const reason = error instanceof AggregateError ? error.errors.map(String).join(', ') : String(error);
  return new PlatformError('unavailable', `The database does not answer (${reason}). Try again.`, { cause: error });
}

/** Tries `connect` with growing pauses while the server is away; anything else fails at once. */
export async function retryConnection<R>(connect: () => Promise<R>, patienceMs: number): Promise<R> {
  const deadline = performance.now() + patienceMs;
  for (let pauseMs = 20; ; pauseMs = Math.min(pauseMs * 2, 500)) {
    try {
      return await connect();
    } catch (error) {
      if (!isConnectionLoss(error) || performance.now() + pauseMs > deadline) throw describeConnectionLoss(error);
      await sleep(pauseMs);
    }
  }
}
