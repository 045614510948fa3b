import fc from 'fast-check';
import type { Endpoint, Field, ProtocolSchema } from './protocol-schema.ts';

export interface ArbitraryRequest {
  readonly method: string;
  readonly path: string;
  readonly body: Readonly<Record<string, unknown>>;
}

/** Things that exist, so that requests come further than to their first check. */
export type Known = Readonly<Record<string, readonly string[]>>;

const hostile = [
  '',
  ' ',
  'a\u0000b',
  '\ud800',
  "'; drop schema tracking cascade; --",
  '../../../etc/passwd',
  '%2e%2e%2f',
  '%',
  '\\',
  '<script>alert(1)</script>',
  '😀'.repeat(100),
  'x'.repeat(10_000),
  '9'.repeat(40),
  '1e400',
  'null',
  '[[[[',
  "metrics.a > 1 AND tags.`b` LIKE '%c'",
  "attributes.run_id IN ('a', 'b') OR",
  'metrics.a DESC',
  'ACTIVE_ONLY',
  'FINISHED',
  '2020-01-01T00:00:00Z',
  'file:///etc/passwd',
  'http://169.254.169.254/latest/meta-data',
  'mlflow-artifacts:/0/../../x',
];
const strange = [
  null,
  true,
  false,
  0,
  -1,
  1.5,
  2 ** 31,
  2 ** 53,
  -(2 ** 63),
  1e300,
  [],
  {},
  [[]],
  [null],
  { a: { b: [1] } },
];
const MOST_DEPTH = 4;

function arbitraryScalar({ name, type }: Field, known: Known): fc.Arbitrary<unknown> {
  if (/^[if](32|64)$|^(u?int|float|double)/.test(type)) {
    return fc.oneof(
      fc.integer({ min: -2, max: 100 }),
      fc.constantFrom('12', 0, 1e15, 2 ** 53, -1, 'NaN', 'Infinity', 1.5),
    );
  }
  if (type === 'bool') return fc.boolean();
  const texts = fc.oneof(fc.constantFrom('a', 'b', 'model', '1'), fc.string({ maxLength: 12 }));
  const own = known[name.replace(/s$/, '')] ?? known[name];
  return own === undefined ? texts : fc.oneof({ weight: 4, arbitrary: fc.constantFrom(...own) }, texts);
}

function arbitraryValue(field: Field, schema: ProtocolSchema, known: Known, depth: number): fc.Arbitrary<unknown> {
  const message = schema.messages.get(field.type);
  const one =
    message !== undefined && depth < MOST_DEPTH
      ? arbitraryMessage(message, schema, known, depth + 1)
      : arbitraryScalar(field, known);
  const usual = field.isList ? fc.array(one, { maxLength: 3 }) : one;
  return fc.oneof(
    { weight: 8, arbitrary: usual },
    { weight: 1, arbitrary: fc.constantFrom<unknown>(...hostile) },
    { weight: 1, arbitrary: fc.constantFrom<unknown>(...strange) },
  );
}

function arbitraryMessage(
  fields: readonly Field[],
  schema: ProtocolSchema,
  known: Known,
  depth: number,
): fc.Arbitrary<Record<string, unknown>> {
  const entries = fields.map((field) => [field.name, arbitraryValue(field, schema, known, depth)] as const);
  return fc.record(Object.fromEntries(entries), { requiredKeys: [] });
}

/** Requests to one endpoint: its fields with values of their kind, strange ones, hostile ones, or left out. */
export function arbitraryRequest(
  endpoint: Endpoint,
  schema: ProtocolSchema,
  known: Known,
): fc.Arbitrary<ArbitraryRequest> {
  const names = [...endpoint.path.matchAll(/\{(\w+)[^}]*\}/g)].map(([, name = '']) => name);
  const parts = names.map((name) =>
    fc.oneof(
      fc.constantFrom(...(known[name] ?? ['1'])),
      fc.constantFrom(...hostile.filter((text) => text.isWellFormed())),
    ),
  );
  return fc
    .record({ values: fc.tuple(...parts), body: arbitraryMessage(endpoint.fields, schema, known, 0) })
    .map(({ values, body }) => {
      let at = 0;
      const path = endpoint.path.replace(/\{\w+[^}]*\}/g, () => encodeURIComponent(values[at++]!));
      return { method: endpoint.method, path, body };
    });
}
