import { PlatformError } from '@flyball/api';

const CALLERS_MISTAKES = new Set([
  'Binder',
  'Catalog',
  'Constraint',
  'Conversion',
  'Divide by Zero',
  'Invalid Input',
  'Invalid Type',
  'Mismatch Type',
  'Not implemented',
  'Out of Range',
  'Parameter Not Allowed',
  'Parameter Not Resolved',
  'Parser',
  'Permission',
  'Sequence',
  'Syntax',
]);

export interface FailedJob {
  readonly name: string;
  readonly scratch: string;
  readonly memoryLimitMb: number;
}

/** DuckDB tells the kinds of its errors apart by the first words of the message only. */
export function translateDuckdbError(error: unknown, job: FailedJob): unknown {
  if (!(error instanceof Error) || error instanceof PlatformError) return error;
  const [, kind = '', rest = ''] = /^(?:Failed to [\w ]+: )?([A-Za-z ]+) Error: ([\s\S]*)$/.exec(error.message) ?? [];
  // Where the run keeps its files is nobody's business, and it changes with every run.
  const message = `${kind} error: ${rest}`.replaceAll(`${job.scratch}/`, '');
  const failed = (code: 'invalid_input' | 'unavailable', text: string) =>
    new PlatformError(code, text, { cause: error });
  if (CALLERS_MISTAKES.has(kind)) return failed('invalid_input', message);
  if (kind === 'Out of Memory') {
    return failed('unavailable', `"${job.name}" needs more memory than its limit of ${job.memoryLimitMb} MB`);
  }
  if (kind === 'IO') {
    const isDisk = /No space left|quota|could not write|temporary/i.test(rest);
    return isDisk
      ? failed('unavailable', `"${job.name}" cannot write its temporary files: free some disk space, then try again`)
      : failed('invalid_input', message);
  }
  return /^(Can not bind|Values were not provided)/.test(error.message)
    ? failed('invalid_input', error.message)
    : error;
}
