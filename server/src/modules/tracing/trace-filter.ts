import { invalidInput } from '@flyball/api';
import {
  pythonSet,
  quotedList,
  quotedText,
  type SearchClause,
  type SearchToken,
  searchClauses,
  searchTokens,
  unquoted,
} from '#tracking';
import { traceKey } from './trace-keys.ts';

export type TraceEntity = 'attribute' | 'tag' | 'request_metadata' | 'span' | 'feedback' | 'expectation' | 'issue';

/** One comparison of a search over traces. */
export interface TraceCondition {
  readonly entity: TraceEntity;
  readonly key: string;
  readonly comparator: string;
  /** Null for IS NULL and IS NOT NULL, a list for IN and NOT IN. */
  readonly value: string | number | readonly string[] | null;
}

export interface TraceOrder {
  readonly entity: 'attribute' | 'tag' | 'request_metadata';
  readonly key: string;
  readonly ascending: boolean;
}

const entities: Readonly<Record<string, TraceEntity>> = {
  tag: 'tag',
  tags: 'tag',
  request_metadata: 'request_metadata',
  metadata: 'request_metadata',
  attribute: 'attribute',
  attributes: 'attribute',
  trace: 'attribute',
  span: 'span',
  feedback: 'feedback',
  expectation: 'expectation',
  issue: 'issue',
};

const numeric = ['timestamp_ms', 'timestamp', 'execution_time_ms', 'execution_time', 'end_time_ms', 'end_time'];
const ordered = [...numeric, 'experiment_id', 'status', 'request_id', 'name', 'run_id'];
const searched = [...numeric, 'request_id', 'status', 'client_request_id', 'name', 'run_id', 'prompt', 'text'];
const listed = ['status', 'client_request_id', 'request_id', 'name', 'run_id'];
const spanFields = ['name', 'status', 'type'];

const equal = ['=', '!='];
const sizes = ['>', '>=', '<', '<='];
const likes = ['LIKE', 'ILIKE', 'RLIKE'];
const lists = ['IN', 'NOT IN'];
const nulls = ['IS NULL', 'IS NOT NULL'];

/** Short names of what is a tag, metadata or text of spans in truth; for every entity but spans. */
const aliases: Readonly<Record<string, Pick<TraceCondition, 'entity' | 'key'>>> = {
  name: { entity: 'tag', key: traceKey.name },
  prompt: { entity: 'tag', key: traceKey.linkedPrompts },
  run_id: { entity: 'request_metadata', key: traceKey.run },
  text: { entity: 'span', key: 'content' },
};
const timeAliases: Readonly<Record<string, string>> = {
  timestamp: 'timestamp_ms',
  execution_time: 'execution_time_ms',
  end_time: 'end_time_ms',
};

type Identifier = Pick<TraceCondition, 'entity' | 'key'>;

function identifier(text: string, attributes: readonly string[]): Identifier {
  const dot = text.indexOf('.');
  const word = dot === -1 ? 'attribute' : unquoted(text.slice(0, dot), '`');
  const entity = Object.hasOwn(entities, word) ? entities[word] : undefined;
  if (entity === undefined) {
    throw invalidInput(`Invalid entity type '${word}'. Valid values are ${pythonSet(Object.keys(entities))}`);
  }
  const key = unquoted(unquoted(text.slice(dot + 1), '\'"'), '`');
  if (entity === 'attribute' && !attributes.includes(key)) {
    throw invalidInput(`Invalid attribute key '${key}' specified. Valid keys are '${pythonSet(attributes)}'`);
  }
  return { entity, key };
}

function resolved({ entity, key }: Identifier): Identifier {
  const lower = key.toLowerCase();
  if (entity === 'span') return { entity, key };
  if (Object.hasOwn(aliases, lower)) return aliases[lower]!;
  return { entity, key: Object.hasOwn(timeAliases, lower) ? timeAliases[lower]! : key };
}

const isQuoted = ({ kind }: SearchToken): boolean => kind === 'string' || kind === 'name';

function attributeValue(token: SearchToken, key: string): TraceCondition['value'] {
  if (isQuoted(token)) return quotedText(token);
  if (token.kind === 'list') {
    if (listed.includes(key)) return quotedList(token);
    throw invalidInput(
      `Only attributes in ${pythonSet(listed)} supports comparison with a list of quoted string values.`,
    );
  }
  if (token.kind !== 'number') {
    throw invalidInput(
      `Expected a quoted string value or a list of quoted string values for attributes. Got value ${token.text}`,
    );
  }
  if (numeric.includes(key)) return Number(token.text);
  throw invalidInput(`Only the '${pythonSet(numeric)}' attributes support comparison with numeric values.`);
}

function assessmentValue(token: SearchToken, entity: TraceEntity, comparator: string): TraceCondition['value'] {
  const wantsNumber = sizes.includes(comparator);
  if (wantsNumber ? token.kind === 'number' : isQuoted(token)) {
    return wantsNumber ? Number(token.text) : quotedText(token);
  }
  throw invalidInput(
    wantsNumber
      ? `Expected a numeric value for ${entity} when using comparator '${comparator}'. Got value ${token.text}`
      : `Expected a quoted string value for ${entity} (e.g. 'my-value'). Got value ${token.text}`,
  );
}

function comparedWith({ comparator, right }: SearchClause, { entity, key }: Identifier): TraceCondition['value'] {
  if (right === null) return null;
  if (entity === 'attribute') return attributeValue(right, key);
  if (entity === 'feedback' || entity === 'expectation') return assessmentValue(right, entity, comparator);
  if (isQuoted(right)) return quotedText(right);
  if (right.kind === 'list' && (entity === 'tag' || entity === 'span')) return quotedList(right);
  throw invalidInput(`Expected a quoted string value for ${entity} (e.g. 'my-value'). Got value ${right.text}`);
}

function comparatorsOf({ entity, key }: Identifier): readonly string[] {
  if (entity === 'attribute') return numeric.includes(key) ? [...equal, ...sizes] : [...equal, ...lists, ...likes];
  if (entity === 'tag' || entity === 'request_metadata') return [...equal, ...likes, ...nulls];
  if (entity === 'span') return key === 'content' ? ['LIKE', 'ILIKE'] : [...equal, ...lists, ...likes];
  return entity === 'issue' ? ['='] : [...equal, ...sizes, ...likes, ...nulls];
}

function checkComparator(found: Identifier, comparator: string): void {
  const allowed = comparatorsOf(found);
  if (allowed.includes(comparator)) return;
  const { entity, key } = found;
  if (entity === 'tag' || entity === 'request_metadata' || entity === 'attribute') {
    throw invalidInput(`Invalid comparator '${comparator}' not one of '${pythonSet(allowed)}'`);
  }
  const word = entity === 'span' || entity === 'issue' ? entity : 'assessment';
  throw invalidInput(`${word}.${key} comparator '${comparator}' not one of '${pythonSet(allowed)}'`);
}

function checkKey({ entity, key }: Identifier): void {
  if (entity === 'span') {
    if (key === 'attributes.') throw invalidInput("Span attribute name cannot be empty after 'attributes.'");
    if (key.startsWith('attributes.') || key === 'content' || spanFields.includes(key)) return;
    const supported = `${spanFields.join(', ')}, attributes.<attribute_name>.`;
    throw invalidInput(`Invalid span attribute '${key}'. Supported attributes: ${supported}`);
  }
  if (entity === 'issue' && key !== 'id') {
    throw invalidInput(`Invalid issue attribute '${key}'. Supported attributes: id`);
  }
  if (key === '') throw invalidInput('Assessment field name cannot be empty');
}

function checkPrompt({ key, comparator, value }: TraceCondition): void {
  if (key !== traceKey.linkedPrompts) return;
  if (comparator !== '=') {
    throw invalidInput(
      `Invalid comparator '${comparator}' for prompts filter. Only '=' is supported with format: prompt = "name/version"`,
    );
  }
  if (String(value).split('/').length === 2) return;
  throw invalidInput(`Invalid prompts filter value '${value}'. Expected format: prompt = "name/version"`);
}

function condition(clause: SearchClause): TraceCondition {
  const written = identifier(clause.left, searched);
  const value = comparedWith(clause, written);
  const found = resolved(written);
  checkKey(found);
  checkComparator(found, clause.comparator);
  const { comparator } = clause;
  if (Array.isArray(value) !== lists.includes(comparator)) {
    throw invalidInput(`Invalid comparator '${comparator}' for the value ${clause.right?.text ?? ''}`);
  }
  const read = { ...found, comparator, value };
  if (found.entity === 'tag') checkPrompt(read);
  if (found.entity !== 'attribute' || !numeric.includes(found.key) || typeof value === 'number') return read;
  const number = Number(value === '' ? Number.NaN : value);
  if (Number.isFinite(number)) return { ...read, value: number };
  throw invalidInput(`Expected numeric value type for numeric attribute: ${found.key}. Found ${clause.right?.text}`);
}

/** The conditions of a filter over traces, all of which must hold. */
export function parseTraceFilter(filter: string): TraceCondition[] {
  if (filter !== '' && filter.trim() === '') throw invalidInput(`Invalid filter '${filter}'. Could not be parsed.`);
  return searchClauses(filter).map(condition);
}

function order(clause: string): TraceOrder {
  const [name, direction, ...rest] = searchTokens(clause);
  if (name?.kind !== 'name' || rest.length > 0 || (direction !== undefined && direction.kind !== 'name')) {
    throw invalidInput(`Invalid order_by clause '${clause}'. Could not be parsed.`);
  }
  const word = direction?.text.toLowerCase() ?? 'asc';
  if (word !== 'asc' && word !== 'desc') throw invalidInput(`Invalid ordering key in order_by clause '${clause}'.`);
  const { entity, key } = resolved(identifier(name.text, ordered));
  if (entity !== 'attribute' && entity !== 'tag' && entity !== 'request_metadata') {
    throw invalidInput(`Invalid identifier type '${entity}'`);
  }
  return { entity, key, ascending: word === 'asc' };
}

/** What to sort traces by, first to last. */
export function parseTraceOrder(clauses: readonly string[]): TraceOrder[] {
  const orders = clauses.map(order);
  const names = new Set(orders.map(({ entity, key }) => `${entity} ${key}`));
  if (names.size === orders.length) return orders;
  const given = clauses.map((clause) => `'${clause}'`).join(', ');
  throw invalidInput(`\`order_by\` contains duplicate fields: [${given}]`);
}
