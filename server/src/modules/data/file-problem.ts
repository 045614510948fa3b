import { invalidInput, PlatformError } from '@flyball/api';

/** What the engine calls the file; people know it by another name. */
const ATTACHED_NAME = / ?['"](?:upload|converted)-\d+\.\w+['"]/g;

/** A mistake in an uploaded file, in words about that file: its own name, and the line where one is known. */
export function fileProblem(error: unknown, name: string, at: string): unknown {
  if (!(error instanceof PlatformError) || error.code !== 'invalid_input') return error;
  const problem = describe(error.message.replace(ATTACHED_NAME, ''));
  const message = `"${name}" ${problem}`;
  return invalidInput(message, [{ at, message: problem }]);
}

function describe(message: string): string {
  const csvLine = /CSV Error on Line: (\d+)/.exec(message)?.[1];
  if (csvLine !== undefined) return `line ${csvLine}: ${csvProblem(message)}`;
  const json = /Malformed JSON in file.*?, at byte (\d+) in line (\d+): ([^\n]*)/.exec(message);
  if (json) return `line ${json[2]}: is no JSON (byte ${json[1]}: ${json[3]!.trim().replace(/\.$/, '')})`;
  const jsonLine = /JSON transform error in file.*?, in line (\d+): ([^\n]*)/.exec(message);
  if (jsonLine) return `line ${jsonLine[1]}: ${jsonLine[2]}`;
  if (/non-record JSON/.test(message)) return 'must hold one JSON object per line';
  if (/magic bytes|too small to be a Parquet|Parquet|parquet/.test(message)) {
    return `is no whole Parquet file: ${firstLine(message)}`;
  }
  return firstLine(message);
}

function csvProblem(message: string): string {
  const counts = /Expected Number of Columns: (\d+) Found: (\d+)/.exec(message);
  if (counts) return `has ${counts[2]} values where the header names ${counts[1]} columns`;
  const value = /Error when converting column "([\s\S]*?)"\. Could not convert string "([\s\S]*?)" to '(.*?)'/.exec(
    message,
  );
  if (value) return `column ${value[1]} holds "${value[2]!.slice(0, 100)}", which is no ${value[3]}`;
  if (/Invalid unicode/.test(message)) return 'is not UTF-8 text';
  if (/unterminated quote/i.test(message)) return 'a quoted value does not end';
  if (/Maximum line size/i.test(message)) return 'is too long';
  return message.split('\n')[2] ?? firstLine(message);
}

const firstLine = (message: string): string => message.split('\n')[0]!.replace(/^[A-Za-z ]+ error: /, '');
