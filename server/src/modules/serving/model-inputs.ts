import type { EndpointDefinition, ModelInput } from '@flyball/api';
import type { Signature } from './frame.ts';
import type { ColumnValues } from './spool-line.ts';
import { type Datatype, emptyData, type TensorData } from './tensor.ts';

/** A feature that is looked up for each row. */
export interface LookedUpFeature {
  /** Column of the model. */
  readonly name: string;
  readonly view: string;
  readonly feature: string;
  readonly scale: number;
  /** Position of the request's input that holds the key. */
  readonly keyInput: number;
}

type Source =
  | { readonly kind: 'request'; readonly input: number }
  | { readonly kind: 'feature'; readonly slot: number };

export interface InputPlan {
  readonly tensors: readonly { readonly datatype: Datatype; readonly sources: readonly Source[] }[];
  readonly features: readonly LookedUpFeature[];
}

type EndpointInputs = EndpointDefinition['inputs'];

/** Without a description of its inputs a model is fed by name. */
function describeByName(columns: readonly string[]): ModelInput[] {
  return columns.map((name) => ({ name, datatype: 'FP32', from: { kind: 'request', input: name } }));
}

/**
 * Where each column of the model comes from. Throws a sentence for people when the endpoint cannot feed the model.
 */
export function planInputs(signature: Signature, described: readonly ModelInput[], inputs: EndpointInputs): InputPlan {
  const columns = signature.inputs.flatMap((tensor) => tensor.columns);
  const known = described.length === 0 ? describeByName(columns) : described;
  const byName = new Map(known.map((input) => [input.name, input]));
  const byPosition = columns.length === known.length && !columns.some((name) => byName.has(name));
  const features: LookedUpFeature[] = [];
  const position = (name: string, column: string): number => {
    const index = inputs.findIndex((input) => input.name === name);
    if (index < 0)
      throw new Error(`The model's column "${column}" needs the input "${name}", which the endpoint has not`);
    return index;
  };
  const sourceOf = (column: string, index: number): Source => {
    const input = byPosition ? known[index] : byName.get(column);
    if (input === undefined) throw new Error(`Nothing says where the model's column "${column}" comes from`);
    const { from, name } = input;
    if (from.kind === 'request') return { kind: 'request', input: position(from.input, column) };
    const { view, feature, scale } = from;
    features.push({ name, view, feature, scale, keyInput: position(from.key, column) });
    return { kind: 'feature', slot: features.length - 1 };
  };
  let index = 0;
  const tensors = signature.inputs.map((tensor) => ({
    datatype: tensor.datatype,
    sources: tensor.columns.map((column) => sourceOf(column, index++)),
  }));
  return { tensors, features };
}

/** The model's input tensors for the rows of a request. `looked` holds one list of values per feature of the plan. */
export function fillTensors(
  plan: InputPlan,
  rows: number,
  columns: readonly ColumnValues[],
  looked: readonly Float64Array[],
): TensorData[] {
  return plan.tensors.map(({ datatype, sources }) => {
    const data = emptyData(datatype, rows * sources.length);
    for (const [offset, source] of sources.entries()) {
      const values = source.kind === 'request' ? columns[source.input]! : looked[source.slot]!;
      fillColumn(datatype, data, values, sources.length, offset);
    }
    return data;
  });
}

function fillColumn(
  datatype: Datatype,
  data: TensorData,
  values: ColumnValues | Float64Array,
  width: number,
  offset: number,
): void {
  const rows = values.length;
  if (datatype === 'BYTES') {
    for (let row = 0; row < rows; row++) (data as string[])[row * width + offset] = String(values[row]);
  } else if (datatype === 'INT64' || datatype === 'UINT64') {
    const whole = data as BigInt64Array;
    for (let row = 0; row < rows; row++) whole[row * width + offset] = toBigInt(values[row]!);
  } else {
    const numbers = data as Float32Array;
    for (let row = 0; row < rows; row++) numbers[row * width + offset] = Number(values[row]);
  }
}

const toBigInt = (value: number | bigint | string | boolean): bigint =>
  typeof value === 'number' ? BigInt(Math.trunc(Number.isFinite(value) ? value : 0)) : BigInt(value);
