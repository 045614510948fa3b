/** A column of a dataset; the type has DuckDB's name. */
export interface Column {
  readonly name: string;
  readonly type: string;
}

export type TypeFamily = 'integer' | 'decimal' | 'float' | 'text' | 'boolean' | 'date' | 'timestamp' | 'other';

const FAMILIES = new Map<string, TypeFamily>([
  ['TINYINT', 'integer'],
  ['SMALLINT', 'integer'],
  ['INTEGER', 'integer'],
  ['BIGINT', 'integer'],
  ['HUGEINT', 'integer'],
  ['UTINYINT', 'integer'],
  ['USMALLINT', 'integer'],
  ['UINTEGER', 'integer'],
  ['UBIGINT', 'integer'],
  ['UHUGEINT', 'integer'],
  ['FLOAT', 'float'],
  ['DOUBLE', 'float'],
  ['VARCHAR', 'text'],
  ['BOOLEAN', 'boolean'],
  ['DATE', 'date'],
  ['TIMESTAMP', 'timestamp'],
  ['TIMESTAMP_S', 'timestamp'],
  ['TIMESTAMP_MS', 'timestamp'],
  ['TIMESTAMP_NS', 'timestamp'],
  ['TIMESTAMP WITH TIME ZONE', 'timestamp'],
]);

const ALIASES = new Map<string, string>([
  ['INT1', 'TINYINT'],
  ['INT2', 'SMALLINT'],
  ['SHORT', 'SMALLINT'],
  ['INT', 'INTEGER'],
  ['INT4', 'INTEGER'],
  ['SIGNED', 'INTEGER'],
  ['INT8', 'BIGINT'],
  ['LONG', 'BIGINT'],
  ['REAL', 'FLOAT'],
  ['FLOAT4', 'FLOAT'],
  ['FLOAT8', 'DOUBLE'],
  ['DOUBLE PRECISION', 'DOUBLE'],
  ['BOOL', 'BOOLEAN'],
  ['LOGICAL', 'BOOLEAN'],
  ['TEXT', 'VARCHAR'],
  ['STRING', 'VARCHAR'],
  ['CHAR', 'VARCHAR'],
  ['DATETIME', 'TIMESTAMP'],
  ['TIMESTAMPTZ', 'TIMESTAMP WITH TIME ZONE'],
  ['BINARY', 'BLOB'],
  ['BYTEA', 'BLOB'],
  ['NUMERIC', 'DECIMAL(18,3)'],
  ['DECIMAL', 'DECIMAL(18,3)'],
]);

/** DuckDB's own name of a type that people write in many ways. */
export function canonicalType(type: string): string {
  const upper = type.trim().toUpperCase().replace(/\s+/g, ' ');
  const known = ALIASES.get(upper);
  if (known !== undefined) return known;
  const decimal = /^(?:DECIMAL|NUMERIC) ?\( ?(\d+) ?(?:, ?(\d+) ?)?\)$/.exec(upper);
  if (decimal) return `DECIMAL(${decimal[1]},${decimal[2] ?? '0'})`;
  // Names of fields inside nested types keep their case.
  return FAMILIES.has(upper) ? upper : type.trim();
}

export function familyOf(type: string): TypeFamily {
  if (type.startsWith('DECIMAL(')) return 'decimal';
  return FAMILIES.get(type) ?? 'other';
}

export const isNumber = (type: string): boolean => ['integer', 'decimal', 'float'].includes(familyOf(type));
export const isTime = (type: string): boolean => ['date', 'timestamp'].includes(familyOf(type));

/** The column of that name: as written, or else in any case, as SQL would find it. */
export function findColumn(columns: readonly Column[], name: string): Column | undefined {
  const lower = name.toLowerCase();
  return (
    columns.find((column) => column.name === name) ?? columns.find((column) => column.name.toLowerCase() === lower)
  );
}
