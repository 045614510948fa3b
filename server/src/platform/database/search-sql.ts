import { invalidInput } from '@flyball/api';
import { type RawBuilder, sql } from 'kysely';
import type { PageValues } from '../page-token.ts';

type Fragment = RawBuilder<unknown>;

/** What a column is compared with: a list with IN and NOT IN. */
type Operand = string | number | readonly string[] | null;

/** The condition of a search on one column; the column is text, or a number when the value is one. */
export function compare(column: Fragment, comparator: string, value: Operand): RawBuilder<boolean> {
  const operand = typeof value === 'number' ? sql`${String(value)}::float8` : sql`${value}`;
  switch (comparator) {
    case '=':
    case '!=':
    case '<':
    case '<=':
    case '>':
    case '>=':
      return sql<boolean>`${column} ${sql.raw(comparator)} ${operand}`;
    case 'LIKE':
    case 'ILIKE':
      // MLflow's patterns have no escape character.
      return sql<boolean>`${column} ${sql.raw(comparator)} ${value} escape ''`;
    case 'IN':
      return sql<boolean>`${column} = any(${[...(value as readonly string[])]}::text[])`;
    case 'NOT IN':
      return sql<boolean>`${column} <> all(${[...(value as readonly string[])]}::text[])`;
    default:
      throw invalidInput(`Invalid comparator '${comparator}'`);
  }
}

/** One column of an order; never null. */
export interface OrderTerm {
  readonly expression: Fragment;
  readonly ascending: boolean;
  readonly type: 'bigint' | 'text' | 'float8' | 'int' | 'timestamptz';
}

/** Two terms for a column that may be null: nulls are last in both directions. */
export function nullable(expression: Fragment, type: OrderTerm['type'], ascending: boolean): OrderTerm[] {
  const substitute = type === 'text' ? sql`''` : sql`0`;
  return [
    { expression: sql`(${expression} is null)::int`, ascending: true, type: 'int' },
    { expression: sql`coalesce(${expression}, ${substitute})`, ascending, type },
  ];
}

export function orderBy(terms: readonly OrderTerm[]): Fragment {
  const parts = terms.map(({ expression, ascending }) => sql`${expression} ${sql.raw(ascending ? 'asc' : 'desc')}`);
  return sql.join(parts);
}

/** The values of the terms, for the token of the next page. */
export function orderValues(terms: readonly OrderTerm[]): Fragment {
  return sql`json_build_array(${sql.join(terms.map(({ expression }) => expression))})`;
}

/** Whatever comes after a row with these values. */
export function afterValues(terms: readonly OrderTerm[], values: PageValues | null): Fragment {
  if (values === null) return sql`true`;
  if (values.length !== terms.length) throw invalidInput('Invalid page token, it belongs to another search');
  const bound = terms.map(({ type }, i) => sql`${String(values[i])}::${sql.raw(type)}`);
  const branches = terms.map(({ expression, ascending }, i) => {
    const equal = terms.slice(0, i).map((term, k) => sql`${term.expression} = ${bound[k]}`);
    return sql`(${sql.join([...equal, sql`${expression} ${sql.raw(ascending ? '>' : '<')} ${bound[i]}`], sql` and `)})`;
  });
  const { expression, ascending } = terms[0]!;
  // Said twice, so that an index on the first term can begin at the right place.
  return sql`${expression} ${sql.raw(ascending ? '>=' : '<=')} ${bound[0]} and (${sql.join(branches, sql` or `)})`;
}
