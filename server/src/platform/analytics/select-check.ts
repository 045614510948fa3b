import { invalidInput } from '@flyball/api';

/** Longer texts could build a plan so deep that executing it overflows the engine's stack. */
const MAX_LENGTH = 50_000;

// Everything else is refused: among the rest are functions that read raw memory addresses, execute further SQL, or
// change the engine's logging and profiling, and some of them end the whole process when used in the sandbox.
const TABLE_FUNCTIONS = new Set([
  'generate_series',
  'histogram',
  'histogram_values',
  'json_each',
  'json_tree',
  'parquet_file_metadata',
  'parquet_metadata',
  'parquet_scan',
  'parquet_schema',
  'range',
  'read_csv',
  'read_csv_auto',
  'read_json',
  'read_json_auto',
  'read_ndjson',
  'read_ndjson_auto',
  'read_parquet',
  'repeat',
  'summary',
  'unnest',
]);

const REFUSED_FUNCTIONS = new Set(['current_setting', 'pg_sleep', 'sleep_ms', 'write_log']);

/** What DuckDB's `json_serialize_sql` says about a text. */
export interface ParsedSql {
  readonly error: boolean;
  readonly error_type?: string;
  readonly error_message?: string;
  readonly statements?: readonly unknown[];
}

export function checkLength(sql: string): void {
  if (sql.length > MAX_LENGTH) refuse(`is longer than ${MAX_LENGTH} characters`);
}

/** Accepts one SELECT statement whose functions are all known to be harmless. */
export function checkSelect(parsed: ParsedSql): void {
  if (parsed.error) {
    if (parsed.error_type === 'parser') refuse(`does not parse: ${parsed.error_message}`);
    refuse('must be a SELECT statement');
  }
  const count = parsed.statements?.length ?? 0;
  if (count !== 1) refuse(`must be one SELECT statement, not ${count}`);
  const open: unknown[] = [parsed.statements];
  while (open.length > 0) {
    const node = open.pop();
    if (typeof node !== 'object' || node === null) continue;
    checkNode(node);
    for (const child of Object.values(node)) open.push(child);
  }
}

function checkNode(node: object): void {
  if ('type' in node && node.type === 'TABLE_FUNCTION' && 'function' in node) {
    const name = functionName(node.function);
    if (!TABLE_FUNCTIONS.has(name)) refuse(`may not read from ${name}()`);
  }
  if (REFUSED_FUNCTIONS.has(functionName(node))) refuse(`may not call ${functionName(node)}()`);
}

function functionName(node: unknown): string {
  const hasName = typeof node === 'object' && node !== null && 'function_name' in node;
  return hasName ? String(node.function_name).toLowerCase() : '';
}

function refuse(problem: string): never {
  throw invalidInput(`The query ${problem}`, [{ at: 'sql', message: problem }]);
}
