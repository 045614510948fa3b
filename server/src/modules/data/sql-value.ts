import { quoteLiteral } from '#platform/analytics/analytics';
import { familyOf } from './column-type.ts';

/** A number as SQL, without a detour through DECIMAL, which would round or overflow. */
export function numberSql(value: number): string {
  if (Number.isSafeInteger(value)) return String(value === 0 ? 0 : value);
  return `CAST('${value}' AS DOUBLE)`;
}

/** A value to compare a column of this type with; null when the two cannot be compared. */
export function comparableSql(type: string, value: string | number | boolean): string | null {
  switch (familyOf(type)) {
    case 'integer':
    case 'decimal':
    case 'float':
      return comparableNumber(value);
    case 'text':
      return typeof value === 'string' ? quoteLiteral(value) : null;
    case 'boolean':
      return typeof value === 'boolean' ? String(value) : null;
    case 'date':
    case 'timestamp':
      return comparableMoment(type, value);
    default:
      return typeof value === 'string' ? `TRY_CAST(${quoteLiteral(value)} AS ${type})` : null;
  }
}

function comparableNumber(value: string | number | boolean): string | null {
  if (typeof value === 'boolean') return null;
  if (typeof value === 'string' && value.trim() === '') return null;
  const number = Number(value);
  return Number.isNaN(number) ? null : numberSql(number);
}

function comparableMoment(type: string, value: string | number | boolean): string | null {
  if (typeof value !== 'string' || Number.isNaN(Date.parse(value))) return null;
  // A day compared with a moment is its midnight, so the bound keeps its hours.
  const target = type === 'DATE' ? 'TIMESTAMP' : type;
  return `CAST(${quoteLiteral(value)} AS ${target})`;
}
