import { type ErrorCode, PlatformError } from '@flyball/api';
import { UserCodeError } from '../project/load-project.ts';

/** What the CLI ends with, so that scripts can tell the reasons apart. */
export const exitCodes = {
  ok: 0,
  failed: 1,
  usage: 2,
  notFound: 3,
  notAllowed: 4,
  conflict: 5,
  unavailable: 6,
  userCode: 7,
  /** The thing was done and says no: a refused batch, a failed gate, a pipeline that failed. */
  verdict: 8,
} as const;

const ofCode: Partial<Record<ErrorCode, number>> = {
  invalid_input: exitCodes.usage,
  not_found: exitCodes.notFound,
  not_signed_in: exitCodes.notAllowed,
  not_allowed: exitCodes.notAllowed,
  conflict: exitCodes.conflict,
  unavailable: exitCodes.unavailable,
};

export function exitCodeOf(error: unknown): number {
  if (error instanceof UserCodeError) return exitCodes.userCode;
  if (error instanceof PlatformError) return ofCode[error.code] ?? exitCodes.failed;
  return error instanceof TypeError ? exitCodes.usage : exitCodes.failed;
}

/** Frames of the user's own code; those of whatever has called it help nobody. */
function ownStack(stack: string): string {
  const foreign = /^\s+at .*(node:internal\/|\/sdk\/src\/(cli|project|definitions)\/|\/node_modules\/commander\/)/;
  return stack
    .split('\n')
    .filter((line) => !foreign.test(line))
    .join('\n');
}

/** A sentence for what somebody can act on; the user's own stack for the user's own code. */
export function describeError(error: unknown): string {
  if (error instanceof UserCodeError && error.cause instanceof Error) {
    return `${error.message}\n${ownStack(error.cause.stack ?? '')}`;
  }
  return error instanceof Error ? error.message : String(error);
}
