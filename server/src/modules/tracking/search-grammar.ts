import { invalidInput } from '@flyball/api';
import { type SearchClause, searchClauses } from './search-clauses.ts';
import { type SearchToken, searchTokens } from './search-tokens.ts';

export type SearchEntity = 'metric' | 'parameter' | 'tag' | 'attribute' | 'dataset';

export interface SearchCondition {
  readonly entity: SearchEntity;
  readonly key: string;
  readonly comparator: string;
  /** Null for IS NULL and IS NOT NULL, a list for IN and NOT IN. */
  readonly value: string | number | readonly string[] | null;
}

export interface SearchOrder {
  readonly entity: SearchEntity;
  readonly key: string;
  readonly ascending: boolean;
}

/** What can be searched in one kind of thing. Written as MLflow documents it, so that its error texts fit too. */
export interface SearchGrammar {
  /** Every accepted word before the dot. */
  readonly entities: Readonly<Record<string, SearchEntity>>;
  /** How an unknown word before the dot is answered. */
  readonly entityHint: string;
  /** Attributes that a filter may use, by what they hold. */
  readonly attributes: Readonly<Record<string, 'text' | 'number'>>;
  readonly orderAttributes: readonly string[];
  /** Other spellings of attributes. */
  readonly aliases?: Readonly<Record<string, string>>;
  readonly datasetKeys?: readonly string[];
  /** Attributes that can be compared with a list. */
  readonly listKeys: readonly string[];
  /** What an unknown key to order by is called. */
  readonly orderLabel?: string;
  /** Entities that IS NULL and IS NOT NULL apply to. */
  readonly nullable: readonly SearchEntity[];
}

const order = ['<', '<=', '>', '>='];
const equal = ['=', '!='];
const like = ['LIKE', 'ILIKE'];
const list = ['IN', 'NOT IN'];

/** Names as Python writes a set of them. */
export const pythonSet = (items: readonly string[]): string => `{${items.map((item) => `'${item}'`).join(', ')}}`;
const pythonList = (items: readonly string[]): string => `[${items.map((item) => `'${item}'`).join(', ')}]`;

export function unquoted(text: string, quotes: string): string {
  const first = text[0];
  if (text.length < 2 || first === undefined || !quotes.includes(first) || !text.endsWith(first)) return text;
  return text.slice(1, -1);
}

interface Identifier {
  readonly entity: SearchEntity;
  readonly key: string;
}

function identifier(
  text: string,
  grammar: SearchGrammar,
  attributes: readonly string[],
  label = 'attribute key',
): Identifier {
  const dot = text.indexOf('.');
  const word = dot === -1 ? 'attribute' : unquoted(text.slice(0, dot), '`');
  const entity = Object.hasOwn(grammar.entities, word) ? grammar.entities[word] : undefined;
  if (entity === undefined) throw invalidInput(`Invalid entity type '${word}'. ${grammar.entityHint}`);
  const key = unquoted(unquoted(text.slice(dot + 1), '\'"'), '`');
  if (entity === 'attribute' && !attributes.includes(key)) {
    throw invalidInput(`Invalid ${label} '${key}' specified. Valid keys are '${pythonSet(attributes)}'`);
  }
  if (entity === 'dataset' && !grammar.datasetKeys?.includes(key)) {
    const keys = pythonSet(grammar.datasetKeys ?? []);
    throw invalidInput(`Invalid dataset key '${key}' specified. Valid keys are '${keys}'`);
  }
  return { entity, key };
}

/** The text between quotes; anything else is refused. */
export function quotedText(token: SearchToken): string {
  const quote = token.text[0];
  if (token.text.length >= 2 && (quote === "'" || quote === '"') && token.text.endsWith(quote)) {
    return token.text.slice(1, -1);
  }
  throw invalidInput(
    'Parameter value is either not quoted or unidentified quote types used for string value ' +
      `${token.text}. Use either single or double quotes.`,
  );
}

const badList = (problem: string) =>
  invalidInput(`While parsing a list in the query, expected a non-empty list of string values, but got ${problem}`);

/** The strings of `('a', "b")`. */
export function quotedList(token: SearchToken): string[] {
  const body = token.text.slice(1, -1).trim();
  if (body === '') throw badList('empty list');
  const item = /\s*(?:'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)")\s*(,|$)/y;
  const items: string[] = [];
  while (item.lastIndex < body.length) {
    const found = item.exec(body);
    if (found === null && /^[\s\d.,+-]+$/.test(body)) {
      throw invalidInput(
        'While parsing a list in the query, expected string value, punctuation, or whitespace, ' +
          `but got different type in list: ${token.text}`,
      );
    }
    if (found === null) throw badList('ill-formed list.');
    items.push((found[1] ?? found[2] ?? '').replace(/\\(.)/g, '$1'));
  }
  return items;
}

function attributeValue(token: SearchToken, key: string, grammar: SearchGrammar): SearchCondition['value'] {
  if (grammar.attributes[key] === 'number') {
    if (token.kind === 'number') return Number(token.text);
    throw invalidInput(`Expected numeric value type for numeric attribute: ${key}. Found ${token.text}`);
  }
  if (token.kind === 'list') {
    if (grammar.listKeys.includes(key)) return quotedList(token);
    const keys = pythonList([...grammar.listKeys].sort());
    throw invalidInput(`Only ${keys} attributes support comparison with a list of quoted string values.`);
  }
  if (token.kind === 'string' || token.kind === 'name') return quotedText(token);
  throw invalidInput(`Expected a quoted string value for attributes. Got value ${token.text}`);
}

function clauseValue(
  token: SearchToken,
  { entity, key }: Identifier,
  grammar: SearchGrammar,
): SearchCondition['value'] {
  if (entity === 'metric') {
    if (token.kind === 'number') return Number(token.text);
    throw invalidInput(`Expected numeric value type for metric. Found ${token.text}`);
  }
  if (entity === 'attribute') return attributeValue(token, key, grammar);
  if (token.kind === 'string' || token.kind === 'name') return quotedText(token);
  if (entity !== 'dataset') {
    throw invalidInput(`Expected a quoted string value for ${entity} (e.g. 'my-value'). Got value ${token.text}`);
  }
  if (token.kind === 'list') return quotedList(token);
  throw invalidInput(`Expected a quoted string value for dataset attributes. Got value ${token.text}`);
}

function comparatorsOf({ entity, key }: Identifier, grammar: SearchGrammar): string[] {
  const nulls = grammar.nullable.includes(entity) ? ['IS NULL', 'IS NOT NULL'] : [];
  if (entity === 'metric') return [...equal, ...order];
  if (entity === 'attribute') {
    return grammar.attributes[key] === 'number' ? [...equal, ...order] : [...equal, ...like, ...list];
  }
  return entity === 'dataset' ? [...equal, ...like, ...list] : [...equal, ...like, ...nulls];
}

function condition({ left, comparator, right }: SearchClause, grammar: SearchGrammar): SearchCondition {
  const found = identifier(left, grammar, Object.keys(grammar.attributes));
  if (right === null && !grammar.nullable.includes(found.entity)) {
    const kinds = grammar.nullable.map((entity) => `${entity === 'parameter' ? 'param' : entity}s`).sort();
    throw invalidInput(
      `IS NULL / IS NOT NULL is only supported for ${kinds.reverse().join(' and ')}, not for '${found.entity}' '${found.key}'`,
    );
  }
  const value = right === null ? null : clauseValue(right, found, grammar);
  const allowed = comparatorsOf(found, grammar);
  if (!allowed.includes(comparator)) {
    throw invalidInput(`Invalid comparator '${comparator}' not one of '${pythonSet(allowed)}'`);
  }
  if (Array.isArray(value) !== list.includes(comparator)) {
    throw invalidInput(`Invalid comparator '${comparator}' for the value ${right?.text ?? ''}`);
  }
  return { entity: found.entity, key: grammar.aliases?.[found.key] ?? found.key, comparator, value };
}

/** The conditions of a filter, all of which must hold. Throws `invalid_input` with MLflow's texts. */
export function parseSearchFilter(filter: string, grammar: SearchGrammar): SearchCondition[] {
  return searchClauses(filter).map((clause) => condition(clause, grammar));
}

function parseOrder(clause: string, grammar: SearchGrammar): SearchOrder {
  const [name, direction, ...rest] = searchTokens(clause);
  if (name?.kind !== 'name' || rest.length > 0 || (direction !== undefined && direction.kind !== 'name')) {
    throw invalidInput(`Invalid order_by clause '${clause}'. Could not be parsed.`);
  }
  const word = direction?.text.toLowerCase() ?? 'asc';
  if (word !== 'asc' && word !== 'desc') throw invalidInput(`Invalid ordering key in order_by clause '${clause}'.`);
  const { entity, key } = identifier(name.text, grammar, grammar.orderAttributes, grammar.orderLabel);
  if (entity === 'dataset') throw invalidInput(`Invalid order_by entity type '${entity}'`);
  return { entity, key: grammar.aliases?.[key] ?? key, ascending: word === 'asc' };
}

/** What to sort by, first to last. */
export function parseSearchOrder(clauses: readonly string[], grammar: SearchGrammar): SearchOrder[] {
  const orders = clauses.map((clause) => parseOrder(clause, grammar));
  const names = orders.map(({ entity, key }) => `${entity} ${key}`);
  if (new Set(names).size < names.length) {
    throw invalidInput(`\`order_by\` contains duplicate fields: ${pythonList(clauses)}`);
  }
  return orders;
}
