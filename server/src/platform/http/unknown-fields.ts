import type { BadPlace } from '@flyball/api';
import type { z } from 'zod';

interface Definition {
  readonly type: string;
  readonly shape?: Record<string, z.ZodType>;
  readonly catchall?: z.ZodType;
  readonly element?: z.ZodType;
  readonly valueType?: z.ZodType;
  readonly innerType?: z.ZodType;
  readonly in?: z.ZodType;
  readonly options?: readonly z.ZodType[];
  readonly discriminator?: string;
}

const definitionOf = (schema: z.ZodType): Definition => schema._zod.def as unknown as Definition;
const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** The options that a value may be: those it is valid for, else the one that its discriminator names. */
function optionsFor({ options = [], discriminator }: Definition, value: unknown): readonly z.ZodType[] {
  const valid = options.filter((option) => option.safeParse(value).success);
  if (valid.length > 0 || discriminator === undefined || !isObject(value)) return valid;
  return options.filter(
    (option) => definitionOf(option).shape?.[discriminator]?.safeParse(value[discriminator]).success,
  );
}

function inUnion(definition: Definition, value: unknown, at: string): BadPlace[] {
  const [fewest = []] = optionsFor(definition, value)
    .map((option) => unknownFields(option, value, at))
    .sort((a, b) => a.length - b.length);
  return fewest;
}

function inObject(definition: Definition, value: Record<string, unknown>, at: string): BadPlace[] {
  const places: BadPlace[] = [];
  for (const [key, inner] of Object.entries(value)) {
    // A plain object has inherited names too, such as "constructor".
    const property = Object.hasOwn(definition.shape ?? {}, key) ? definition.shape?.[key] : undefined;
    if (property !== undefined) places.push(...unknownFields(property, inner, `${at}.${key}`));
    else if (definition.catchall === undefined) places.push({ at: `${at}.${key}`, message: 'Unknown field' });
  }
  return places;
}

/** The fields of a value that its schema does not know: a typo must not pass silently. */
export function unknownFields(schema: z.ZodType, value: unknown, at: string): BadPlace[] {
  const definition = definitionOf(schema);
  const inner = definition.innerType ?? definition.in;
  if (inner !== undefined) return value === undefined || value === null ? [] : unknownFields(inner, value, at);
  if (definition.type === 'object' && isObject(value)) return inObject(definition, value, at);
  if (definition.type === 'array' && Array.isArray(value)) {
    return value.flatMap((item, i) => unknownFields(definition.element!, item, `${at}[${i}]`));
  }
  if (definition.type === 'record' && isObject(value)) {
    return Object.entries(value).flatMap(([key, item]) => unknownFields(definition.valueType!, item, `${at}.${key}`));
  }
  return definition.type === 'union' ? inUnion(definition, value, at) : [];
}
