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

function optionFor(definition: Definition, value: unknown): z.ZodType | undefined {
  return definition.options?.find((option) => option.safeParse(value).success);
}

function inObject(definition: Definition, value: Record<string, unknown>, at: string): BadPlace[] {
  const places: BadPlace[] = [];
  for (const [key, inner] of Object.entries(value)) {
    const property = definition.shape?.[key];
    if (property !== undefined) places.push(...unknownFields(property, inner, `${at}.${key}`));
    else if (definition.catchall === undefined) places.push({ at: `${at}.${key}`, message: 'Unknown field' });
  }
  return places;
}

/** The fields of an already valid value that its schema does not know: a typo must not pass silently. */
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
  if (definition.type === 'union') {
    const option = optionFor(definition, value);
    return option === undefined ? [] : unknownFields(option, value, at);
  }
  return [];
}
