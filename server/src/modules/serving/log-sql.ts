import type { EndpointDefinition } from '@flyball/api';
import { quoteIdentifier, quoteLiteral } from '#platform/analytics/analytics';

type Datatype = EndpointDefinition['inputs'][number]['datatype'];

const listTypes: Readonly<Record<Datatype, string>> = {
  BYTES: 'VARCHAR[]',
  BOOL: 'BOOLEAN[]',
  INT32: 'BIGINT[]',
  INT64: 'BIGINT[]',
  FP32: 'DOUBLE[]',
  FP64: 'DOUBLE[]',
};

const structOf = (fields: readonly (readonly [name: string, type: string])[]): string =>
  `STRUCT(${fields.map(([name, type]) => `${quoteIdentifier(name)} ${type}`).join(', ')})`;

function readJson(path: string, columns: Readonly<Record<string, string>>): string {
  const types = Object.entries(columns).map(([name, type]) => `${quoteIdentifier(name)}: ${quoteLiteral(type)}`);
  return `read_json(${quoteLiteral(path)}, format = 'newline_delimited', columns = {${types.join(', ')}})`;
}

const moment = (ms: string): string => `make_timestamp((${ms} * 1000)::bigint)`;

export interface LoggedColumns {
  readonly inputs: EndpointDefinition['inputs'];
  readonly features: readonly string[];
}

/** Lines of requests as one row per prediction. */
export function predictionsSql(path: string, { inputs, features }: LoggedColumns): string {
  const ofInputs = inputs.map(({ name, datatype }) => [name, listTypes[datatype]] as const);
  const ofFeatures = features.map((name) => [name, 'DOUBLE[]'] as const);
  const source = readJson(path, {
    q: 'BIGINT',
    r: 'VARCHAR',
    n: 'INTEGER',
    at: 'DOUBLE',
    v: 'INTEGER',
    a: 'VARCHAR',
    w: 'DOUBLE',
    ro: 'VARCHAR',
    st: 'INTEGER',
    k: 'VARCHAR',
    ms: 'DOUBLE',
    e: 'VARCHAR',
    i: structOf(ofInputs),
    ...(features.length === 0 ? {} : { f: structOf(ofFeatures) }),
    y: 'DOUBLE[]',
  });
  const columns = [
    ...inputs.map(({ name }) => `i.${quoteIdentifier(name)}[x + 1] as ${quoteIdentifier(`input.${name}`)}`),
    ...features.map((name) => `f.${quoteIdentifier(name)}[x + 1] as ${quoteIdentifier(`feature.${name}`)}`),
  ];
  return `select r || '.' || x as id, r as request, x::int as row, ${moment('"at"')} as "at", v as version, a as role,
      w as weight, ro as rollout, st as step, k as sticky_key, ms, e as error, y[x + 1] as prediction, q as seq,
      ${columns.join(', ')}
    from (select *, unnest(range(n)) as x from ${source})`;
}

export function shadowsSql(path: string): string {
  const source = readJson(path, {
    q: 'BIGINT',
    s: 'BIGINT',
    r: 'VARCHAR',
    n: 'INTEGER',
    at: 'DOUBLE',
    v: 'INTEGER',
    ro: 'VARCHAR',
    st: 'INTEGER',
    ms: 'DOUBLE',
    e: 'VARCHAR',
    y: 'DOUBLE[]',
  });
  return `select r || '.' || x as id, r as request, x::int as row, ${moment('"at"')} as "at", v as version, ro
    as rollout,
      st as step, ms, e as error, y[x + 1] as prediction, q as seq, s as request_seq
    from (select *, unnest(range(n)) as x from ${source})`;
}

export function labelsSql(path: string): string {
  const source = readJson(path, {
    q: 'BIGINT',
    id: 'VARCHAR[]',
    at: 'DOUBLE[]',
    y: 'DOUBLE[]',
    p: 'DOUBLE[]',
    s: 'BIGINT[]',
  });
  return `select id[x + 1] as id, ${moment('"at"[x + 1]')} as "at", y[x + 1] as value, ${moment('p[x + 1]')}
    as predicted_at,
      q as seq, s[x + 1] as request_seq, try_cast(split_part(id[x + 1], '.', -1) as int) as row
    from (select *, unnest(range(len(id))) as x from ${source})`;
}

/**
 * Labels by the place of their prediction, `request_seq` and `row`, which is joined faster than its id. Where the
 * gateway had forgotten the prediction, the log is asked for its id.
 */
export function placedLabelsSql(labels: string, predictions: string): string {
  return `select request_seq, row, value, "at", seq from ${labels} where request_seq is not null
    union all select p.seq, p.row, l.value, l."at", l.seq
    from ${labels} l join ${predictions} p on p.id = l.id where l.request_seq is null`;
}
