import { invalidInput } from '@flyball/api';

/** How one kind of value travels: protobuf's JSON mapping (proto2), read as leniently as the reference does. */
export interface WireType<T> {
  /** What a query, which has no types, must know of it. */
  readonly shape?: 'list' | 'boolean';
  /** Throws a `Misfit` when the value is of another kind. */
  read(value: unknown): T;
}

/** The value does not fit its field; who asked names the field. */
export class Misfit extends Error {}

type Read<W> = W extends WireType<infer T> ? T : never;

export const text: WireType<string> = {
  read: (value) => {
    // PostgreSQL's texts can hold neither a NUL nor half a character.
    if (typeof value !== 'string' || value.includes('\u0000') || !value.isWellFormed()) throw new Misfit('not a text');
    return value;
  },
};

/** Integers of 64 bits arrive as numbers or as texts; those that a double cannot hold are refused. */
export const int64: WireType<number> = {
  read: (value) => {
    const isNumeric = typeof value === 'number' || (typeof value === 'string' && /^-?\d+$/.test(value));
    const number = Number(value);
    if (!isNumeric || !Number.isSafeInteger(number)) throw new Misfit('not an integer');
    return number;
  },
};

const named: Readonly<Record<string, number>> = {
  NaN: Number.NaN,
  Infinity: Number.POSITIVE_INFINITY,
  '-Infinity': Number.NEGATIVE_INFINITY,
};

export const double: WireType<number> = {
  read: (value) => {
    if (typeof value === 'number' || typeof value === 'boolean') return Number(value);
    if (typeof value !== 'string') throw new Misfit('not a number');
    if (Object.hasOwn(named, value)) return named[value]!;
    if (!/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(value.trim())) throw new Misfit('not a number');
    return Number(value);
  },
};

export const bool: WireType<boolean> = {
  shape: 'boolean',
  read: (value) => {
    if (typeof value !== 'boolean') throw new Misfit('not a boolean');
    return value;
  },
};

/** An enumeration, by name or by number. */
export function oneOf<const N extends string>(numbers: Readonly<Record<N, number>>): WireType<N> {
  const names = Object.keys(numbers) as N[];
  return {
    read: (value) => {
      const name = names.find((one) => one === value || numbers[one] === value || String(numbers[one]) === value);
      if (name === undefined) throw new Misfit('not a name of the enumeration');
      return name;
    },
  };
}

export function listOf<T>(item: WireType<T>): WireType<T[]> {
  return {
    shape: 'list',
    read: (value) => {
      if (!Array.isArray(value)) throw new Misfit('not a list');
      return value.map((one) => {
        if (one === null) throw new Misfit('a list holds no nulls');
        return item.read(one);
      });
    },
  };
}

/** The fields of a message, by name. */
export type Fields = Readonly<Record<string, WireType<unknown>>>;
/** Only what was sent: an absent field and an empty one are two things. */
export type MessageOf<F extends Fields> = { readonly [K in keyof F]?: Read<F[K]> };

export interface Message<F extends Fields> extends WireType<MessageOf<F>> {
  readonly fields: F;
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const camel = (name: string): string => name.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());

/** A field under its own name or its name in camel case; both at once would let two readers see two requests. */
function fieldOf(value: Record<string, unknown>, name: string, other: string): unknown {
  const own = value[name];
  if (other === name) return own;
  const twin = value[other];
  if (own !== undefined && twin !== undefined) {
    throw invalidInput(`Request specifies both '${name}' and '${other}'; provide only one of them.`);
  }
  return own ?? twin;
}

/** An object of fields. Unknown ones and nulls are passed over. */
export function message<F extends Fields>(fields: F): Message<F> {
  const known = Object.entries(fields).map(([name, type]) => ({ name, other: camel(name), type }));
  return {
    fields,
    read: (value) => {
      if (!isObject(value)) throw new Misfit('not an object');
      const found: Record<string, unknown> = {};
      for (const { name, other, type } of known) {
        const given = fieldOf(value, name, other);
        if (given !== undefined && given !== null) found[name] = type.read(given);
      }
      return found as MessageOf<F>;
    },
  };
}

/** Lists are left out when they are empty, as proto2 does. */
export const nonEmpty = <T>(items: readonly T[]): readonly T[] | undefined => (items.length === 0 ? undefined : items);

/** A double as JSON can carry it. */
export const wireNumber = (value: number, isNan: boolean): number | string => (isNan ? 'NaN' : value);
