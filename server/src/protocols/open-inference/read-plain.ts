import type { EndpointDefinition } from '@flyball/api';
import type { ColumnValues } from '#serving';
import type { InputDatatype } from './read-column.ts';

type EndpointInputs = EndpointDefinition['inputs'];

function isAll(data: readonly unknown[], type: 'number' | 'string'): boolean {
  for (let i = 0; i < data.length; i++) if (typeof data[i] !== type) return false;
  return true;
}

function isWhole(data: readonly unknown[], isSmall: boolean): boolean {
  for (let i = 0; i < data.length; i++) {
    const value = data[i];
    if (!Number.isSafeInteger(value) || (isSmall && value !== ((value as number) | 0))) return false;
  }
  return true;
}

function isPlain(data: readonly unknown[], datatype: InputDatatype): boolean {
  if (datatype === 'BYTES') return isAll(data, 'string');
  if (datatype === 'FP32' || datatype === 'FP64') return isAll(data, 'number');
  return datatype !== 'BOOL' && isWhole(data, datatype === 'INT32');
}

function plainColumn(tensor: unknown, { name, datatype }: EndpointInputs[number]): ColumnValues | null {
  if (typeof tensor !== 'object' || tensor === null) return null;
  const { name: sentName, datatype: sentDatatype, shape, data } = tensor as Record<string, unknown>;
  if (sentName !== name || sentDatatype !== datatype || !Array.isArray(shape) || !Array.isArray(data)) return null;
  return shape.length === 1 && shape[0] === data.length && isPlain(data, datatype) ? (data as ColumnValues) : null;
}

/**
 * The columns of a request that is as most are: the endpoint's inputs in their order, of their datatypes, a flat list
 * of values each with nothing missing. Null for any other, right or wrong, which is then read with care.
 */
export function readPlain(sent: unknown, inputs: EndpointInputs): ColumnValues[] | null {
  if (!Array.isArray(sent) || sent.length !== inputs.length || sent.length === 0) return null;
  const columns: ColumnValues[] = [];
  for (let i = 0; i < inputs.length; i++) {
    const column = plainColumn(sent[i], inputs[i]!);
    if (column === null || (i > 0 && column.length !== columns[0]!.length)) return null;
    columns.push(column);
  }
  return columns;
}
