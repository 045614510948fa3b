import * as fc from 'fast-check';
import type { z } from 'zod';

interface Definition {
  readonly type: string;
  readonly shape?: Readonly<Record<string, z.ZodType>>;
  readonly element?: z.ZodType;
  readonly valueType?: z.ZodType;
  readonly innerType?: z.ZodType;
  readonly in?: z.ZodType;
  readonly options?: readonly z.ZodType[];
  readonly entries?: Readonly<Record<string, unknown>>;
  readonly values?: readonly unknown[];
  readonly items?: readonly z.ZodType[];
}

const definitionOf = (schema: z.ZodType): Definition => schema._zod.def as unknown as Definition;

/** Text that breaks programs which paste it into SQL, paths, patterns, HTML, shells or C strings. */
export const hostileTexts: readonly string[] = [
  '',
  ' ',
  '\0',
  'a\0b',
  '\ud800',
  '\udfff!',
  '\ufeff',
  '\u202eright-to-left',
  '😀'.repeat(50),
  "'; drop schema platform cascade; --",
  '" or ""="',
  '\\',
  '%',
  '_',
  '../../../etc/passwd',
  '..',
  '.',
  '/',
  '//evil.example/x',
  'C:\\con',
  '<script>alert(1)</script>',
  `\${steps.a.outputs.b}`,
  '{{7*7}}',
  '$(id)',
  '`id`',
  '__proto__',
  'constructor',
  'prototype',
  'toString',
  'null',
  'undefined',
  'NaN',
  'Infinity',
  '-0',
  '1e400',
  '9'.repeat(40),
  '99999999999',
  '2147483648',
  '-1',
  '0x10',
  'true',
  '[]',
  '{}',
  '(a+)+$',
  '[',
  '*',
  'x'.repeat(250),
  'y'.repeat(20_000),
  '\r\nset-cookie: a=b',
  'latest',
  '0001-01-01T00:00:00Z',
  '9999-12-31T23:59:59.999Z',
  '2001-02-30T00:00:00Z',
  '+275760-09-13T00:00:00.000Z',
  '-000001-01-01T00:00:00Z',
];

const moments = fc
  .date({ min: new Date('1990-01-01'), max: new Date('2040-01-01'), noInvalidDate: true })
  .map((date) => date.toISOString());
const otherIds = fc.constantFrom('0'.repeat(64), '00000000-0000-4000-8000-000000000000', 'f'.repeat(32));

/** Texts that mean something where the input goes, and how often to send one that should not. */
export interface Vocabulary {
  readonly words: readonly string[];
  /** 0: everything is of its form. 1: some places are not. */
  readonly noise: 0 | 1;
}

function textsOf({ words, noise }: Vocabulary): fc.Arbitrary<string> {
  const usual = fc.oneof({ weight: 8, arbitrary: fc.constantFrom(...words) }, moments, otherIds);
  if (noise === 0) return usual;
  return fc.oneof(
    { weight: 6, arbitrary: usual },
    { weight: 2, arbitrary: fc.constantFrom(...hostileTexts) },
    { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 40 }) },
  );
}

const tameNumbers = fc.oneof(
  { weight: 3, arbitrary: fc.integer({ min: 1, max: 20 }) },
  fc.double({ min: 0.01, max: 0.99, noNaN: true }),
);
const numbers = fc.oneof(
  { weight: 6, arbitrary: tameNumbers },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      -1,
      0.5,
      -0,
      2 ** 31,
      2 ** 53 - 1,
      2 ** 53,
      1e308,
      -1e308,
      5e-324,
      8.64e15,
      8.64e15 + 1,
      253402300800000,
    ),
  },
);

/** Something of the right form: often valid, often only nearly. */
function formed(schema: z.ZodType, vocabulary: Vocabulary, depth: number): fc.Arbitrary<unknown> {
  const { type, ...definition } = definitionOf(schema);
  const inside = (inner: z.ZodType): fc.Arbitrary<unknown> => arbitraryInput(inner, vocabulary, depth + 1);
  const inner = definition.innerType ?? definition.in;
  if (type === 'nullable') return fc.oneof({ weight: 3, arbitrary: inside(inner!) }, fc.constant(null));
  if (inner !== undefined) return inside(inner);
  switch (type) {
    case 'string':
      return textsOf(vocabulary);
    case 'number':
      return vocabulary.noise === 0 ? tameNumbers : numbers;
    case 'boolean':
      return fc.boolean();
    case 'enum':
      return fc.constantFrom(...Object.values(definition.entries ?? {}));
    case 'literal':
      return fc.constantFrom(...(definition.values ?? []));
    case 'array':
      return fc.array(inside(definition.element!), { maxLength: depth > 3 ? 1 : 4 });
    case 'tuple':
      return fc.tuple(...(definition.items ?? []).map(inside));
    case 'record':
      return fc.dictionary(textsOf(vocabulary), inside(definition.valueType!), { maxKeys: 4 });
    case 'union':
      return fc.oneof(...(definition.options ?? []).map(inside));
    case 'object':
      return objects(definition.shape ?? {}, inside);
    default:
      return fc.jsonValue({ maxDepth: 3 });
  }
}

function objects(shape: Readonly<Record<string, z.ZodType>>, inside: (inner: z.ZodType) => fc.Arbitrary<unknown>) {
  const isOptional = (schema: z.ZodType): boolean => schema.safeParse(undefined).success;
  const required = Object.keys(shape).filter((key) => !isOptional(shape[key]!));
  return fc.record(Object.fromEntries(Object.entries(shape).map(([key, inner]) => [key, inside(inner)])), {
    requiredKeys: required,
    noNullPrototype: true,
  });
}

/** Input for a schema: mostly of its form, sometimes of any other. */
export function arbitraryInput(schema: z.ZodType, vocabulary: Vocabulary, depth = 0): fc.Arbitrary<unknown> {
  if (vocabulary.noise === 0) return formed(schema, vocabulary, depth);
  return fc.oneof(
    { weight: 40, arbitrary: formed(schema, vocabulary, depth) },
    { weight: 1, arbitrary: fc.jsonValue({ maxDepth: 2 }) },
    { weight: 1, arbitrary: textsOf(vocabulary) },
  );
}
