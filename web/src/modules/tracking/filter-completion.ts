import type { RunKeys } from '@flyball/api';

/** What can stand at a place of a filter, and which part of the text it would replace. */
export interface Completion {
  readonly from: number;
  readonly to: number;
  readonly items: readonly string[];
}

const textAttributes = ['run_name', 'status', 'user_id', 'run_id', 'artifact_uri'];
const numberAttributes = ['start_time', 'end_time'];
const datasetNames = ['dataset.name', 'dataset.digest', 'dataset.context'];
const statuses = ['RUNNING', 'SCHEDULED', 'FINISHED', 'FAILED', 'KILLED'].map((status) => `'${status}'`);
const ordered = ['=', '!=', '>', '>=', '<', '<='];
const textual = ['=', '!=', 'LIKE', 'ILIKE'];
const MOST = 50;

/** A name as the filter language takes it: in backticks where it is more than a word. */
export const quotedName = (part: string, key: string): string =>
  `${part}.${/^[A-Za-z_]\w*$/.test(key) ? key : `\`${key.replaceAll('`', '')}\``}`;

const plain = (text: string): string => text.replace(/[`"']/g, '').toLowerCase();

function namesOf({ metrics, params, tags }: RunKeys): string[] {
  return [
    ...metrics.map((key) => quotedName('metrics', key)),
    ...params.map((key) => quotedName('params', key)),
    ...[...textAttributes, ...numberAttributes].map((key) => `attributes.${key}`),
    ...tags.map((key) => quotedName('tags', key)),
    ...datasetNames,
  ];
}

function operatorsOf(name: string): string[] {
  const [, part = '', key = name] = /^(\w+)\.(.*)$/.exec(name) ?? [];
  if (/^metrics?$/.test(part) || numberAttributes.includes(key)) return ordered;
  if (/^(params?|parameters?|tags?)$/.test(part)) return [...textual, 'IS NULL', 'IS NOT NULL'];
  if (key === 'run_id' || /^datasets?$/.test(part)) return [...textual, 'IN (', 'NOT IN ('];
  return textual;
}

/** Where the condition begins that the text ends in: after the last AND that is not quoted. */
function lastCondition(text: string): number {
  let start = 0;
  for (const { 0: token, index } of text.matchAll(/'[^']*'?|"[^"]*"?|`[^`]*`?|\bAND\s/gi)) {
    if (/^and\s$/i.test(token)) start = index + token.length;
  }
  return start;
}

const NAME = /^(?:\w+\.)?(?:`[^`]*`?|"[^"]*"?|[\w./-]*)/;
const OPERATOR = /^(?:[<>=!]+|(?:not\s+)?i?like\b|is\s+(?:not\s+)?null\b|(?:not\s+)?in\b)/i;
const VALUE = /^(?:'[^']*'|"[^"]*"|\([^)]*\)|[-+\d.eE]+)/;

const startingWith = (items: readonly string[], typed: string): string[] =>
  items.filter((item) => item.toLowerCase().startsWith(typed.toLowerCase()) && item !== typed);

function namesLike(keys: RunKeys, typed: string): string[] {
  const wanted = plain(typed);
  const found = namesOf(keys).filter((name) => plain(name).includes(wanted) && name !== typed);
  // What begins so, or has a key that does, stands first.
  const rank = (name: string): number =>
    plain(name).startsWith(wanted)
      ? 0
      : plain(name)
            .slice(plain(name).indexOf('.') + 1)
            .startsWith(wanted)
        ? 1
        : 2;
  return found.sort((a, b) => rank(a) - rank(b)).slice(0, MOST);
}

/** What fits at the caret: a name that was logged, an operator for it, a status, or what joins two conditions. */
export function completionAt(text: string, caret: number, keys: RunKeys): Completion {
  const start = lastCondition(text.slice(0, caret));
  const condition = text.slice(start, caret);
  const indent = condition.length - condition.trimStart().length;
  const body = condition.slice(indent);
  const name = NAME.exec(body)?.[0] ?? '';
  const at = (offset: number, items: readonly string[]): Completion => ({
    from: start + indent + offset,
    to: caret,
    items,
  });
  if (name.length === body.length) return at(0, namesLike(keys, name));
  const afterName = body.slice(name.length);
  const gap = afterName.length - afterName.trimStart().length;
  const tail = afterName.slice(gap);
  const operator = OPERATOR.exec(tail)?.[0];
  if (operator === undefined || operator.length === tail.length) {
    return at(name.length + gap, startingWith(operatorsOf(name), tail));
  }
  const rest = tail.slice(operator.length);
  const value = rest.trimStart();
  const place = body.length - value.length;
  const whole = /null$/i.test(operator) ? '' : VALUE.exec(value)?.[0];
  if (whole === undefined) return at(place, name.endsWith('status') ? startingWith(statuses, value) : []);
  const end = value.slice(whole.length);
  if (!/^\s/.test(end) && !(whole === '' && /^\s/.test(rest))) return at(body.length, []);
  return at(body.length - end.trimStart().length, startingWith(['AND'], end.trimStart()));
}

/** The text with the chosen item in place, and where the caret then is. */
export function completed(text: string, { from, to }: Completion, item: string): { text: string; caret: number } {
  const put = item.endsWith('(') ? item : `${item} `;
  return { text: text.slice(0, from) + put + text.slice(to).trimStart(), caret: from + put.length };
}
