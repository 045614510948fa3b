import { quotedName } from './filter-completion.ts';

function quotedValue(value: string): string | null {
  if (!value.includes("'")) return `'${value}'`;
  return value.includes('"') ? null : `"${value}"`;
}

function conditionOf(field: string, value: string | null): string | null {
  const dot = field.indexOf('.');
  const name = quotedName(field.slice(0, dot), field.slice(dot + 1));
  if (value === null) return `${name} IS NULL`;
  const quoted = quotedValue(value);
  return quoted === null ? null : `${name} = ${quoted}`;
}

/** A filter that finds the runs of a group; null where the filter language cannot say its values. */
export function groupFilter(filter: string, by: readonly string[], values: readonly (string | null)[]): string | null {
  const conditions = by.map((field, i) => conditionOf(field, values[i] ?? null));
  const said = conditions.filter((condition) => condition !== null);
  if (said.length < conditions.length) return null;
  return [...(filter.trim() === '' ? [] : [filter.trim()]), ...said].join(' AND ');
}
