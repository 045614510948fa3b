import pg from 'pg';

const OID = {
  int8: 20,
  int8Array: 1016,
  numeric: 1700,
  numericArray: 1231,
  date: 1082,
  timestamp: 1114,
} as const;

/** Like Number, but a value that JavaScript would silently round is an error. */
function parseInt8(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value)) throw new RangeError(`The integer ${text} is beyond 2^53 and would lose digits`);
  return value;
}

function parseArray(parse: (text: string) => number): (text: string) => (number | null)[] {
  return (text) => {
    const body = text.slice(1, -1);
    return body === '' ? [] : body.split(',').map((item) => (item === 'NULL' ? null : parse(item)));
  };
}

/** Sessions run in UTC, so a timestamp without a zone is UTC too, whatever zone this process lives in. */
function parseTimestamp(text: string): Date | number {
  if (text.endsWith('infinity')) return text.startsWith('-') ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
  return new Date(`${text.replace(' ', 'T')}Z`);
}

const parsers = new Map<number, (text: string) => unknown>([
  [OID.int8, parseInt8],
  [OID.int8Array, parseArray(parseInt8)],
  [OID.numeric, Number],
  [OID.numericArray, parseArray(Number)],
  // A calendar day has no instant: it stays '2001-03-05'.
  [OID.date, (text) => text],
  [OID.timestamp, parseTimestamp],
]);

/** How values arrive from PostgreSQL, given to each pool so that no global state of the driver changes. */
export const valueParsers: pg.CustomTypesConfig = {
  getTypeParser: ((oid: number, format?: 'text' | 'binary') =>
    (format !== 'binary' && parsers.get(oid)) || pg.types.getTypeParser(oid, format)) as typeof pg.types.getTypeParser,
};
