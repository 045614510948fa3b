import { PlatformError } from '@flyball/api';

/** What the programs end with, so that scripts can tell the reasons apart. */
export const exitCodes = { ok: 0, unexpected: 1, usage: 2, portTaken: 3, dataFolder: 4, database: 5 } as const;

type Reason = keyof typeof exitCodes;

/** Runs one phase of a start; a failure that somebody can act on ends the program with the code of that phase. */
export async function startPhase<R>(reason: Reason, work: () => R | Promise<R>): Promise<R> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof PlatformError) || error.code === 'internal') throw error;
    throw new PlatformError(error.code, error.message, { cause: error, details: { exitCode: exitCodes[reason] } });
  }
}

/** What to print and how to end: one sentence for what somebody can act on, a stack for what is our mistake. */
export function describeExit(error: unknown): { code: number; message: string } {
  const taken = describePort(error);
  if (taken !== undefined) return { code: exitCodes.portTaken, message: taken };
  if (!(error instanceof PlatformError)) {
    return {
      code: exitCodes.unexpected,
      message: error instanceof Error ? (error.stack ?? error.message) : String(error),
    };
  }
  const { details } = error;
  const known =
    typeof details === 'object' && details !== null && 'exitCode' in details ? Number(details.exitCode) : undefined;
  return { code: known ?? exitCodes.unexpected, message: error.message };
}

function describePort(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('code' in error) || !('port' in error)) return undefined;
  const address = 'address' in error ? String(error.address) : '';
  const port = `Port ${String(error.port)} on ${address}`;
  if (error.code === 'EADDRINUSE')
    return `${port} is taken: stop what uses it, or choose another with --port or --gateway-port`;
  if (error.code === 'EACCES')
    return `${port} may not be opened by this user: choose one above 1023 with --port or --gateway-port`;
  if (error.code === 'EADDRNOTAVAIL') return `${address} is not an address of this machine: choose another with --host`;
  return undefined;
}
