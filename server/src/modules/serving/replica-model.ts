import { readFile } from 'node:fs/promises';
import { readOnnxMetadata } from '@flyball/stats/learn';
import { InferenceSession, Tensor as OnnxTensor } from 'onnxruntime-node';
import type { SentTensor, Signature, SignatureTensor } from './frame.ts';
import { type Datatype, emptyData, type NumberData, type TensorData } from './tensor.ts';

/** ONNX element types by the datatype of the Open Inference Protocol. */
const onnxTypes = {
  BOOL: 'bool',
  INT8: 'int8',
  INT16: 'int16',
  INT32: 'int32',
  INT64: 'int64',
  UINT8: 'uint8',
  UINT16: 'uint16',
  UINT32: 'uint32',
  UINT64: 'uint64',
  FP32: 'float32',
  FP64: 'float64',
  BYTES: 'string',
} as const satisfies Record<Datatype, OnnxTensor.Type>;

const datatypeOf = new Map<string, Datatype>(
  Object.entries(onnxTypes).map(([datatype, type]) => [type, datatype as Datatype]),
);

const preferredOutputs = ['probability', 'probabilities', 'prediction', 'variable'];

interface InputShape {
  readonly name: string;
  readonly datatype: Datatype;
  readonly shape: readonly (number | string)[];
}

export interface LoadedModel {
  readonly signature: Signature;
  /** One number per row: the prediction, or the probability of the last class. */
  run(rows: number, tensors: readonly SentTensor[]): Promise<Float32Array>;
}

function inputShapes(session: InferenceSession): InputShape[] {
  return session.inputMetadata.map((input) => {
    if (!input.isTensor) throw new Error(`Its input "${input.name}" is not a tensor`);
    const datatype = datatypeOf.get(input.type);
    if (datatype === undefined)
      throw new Error(`Its input "${input.name}" has the type ${input.type}, which is not served`);
    return { name: input.name, datatype, shape: input.shape };
  });
}

/** Names of the columns of a matrix: what the file says, else their positions. */
function matrixColumns({ name, shape }: InputShape, features: string | undefined): string[] {
  if (features !== undefined) return JSON.parse(features) as string[];
  const width = shape[1];
  if (typeof width !== 'number') throw new Error(`Its input "${name}" does not say how many columns it has`);
  return Array.from({ length: width }, (_, i) => `f${i}`);
}

function signatureInputs(inputs: readonly InputShape[], features: string | undefined): SignatureTensor[] {
  const only = inputs.length === 1 ? inputs[0] : undefined;
  if (only?.shape.length === 2) {
    return [{ name: only.name, datatype: only.datatype, columns: matrixColumns(only, features) }];
  }
  return inputs.map(({ name, datatype, shape }) => {
    if (shape.length > 2 || (shape.length === 2 && typeof shape[1] === 'number' && shape[1] !== 1)) {
      throw new Error(`Its input "${name}" of shape [${shape.join(', ')}] is not one column`);
    }
    return { name, datatype, columns: [name] };
  });
}

/** Tensors only: maps and sequences, as a ZipMap makes them, cannot be fetched. */
function chooseOutput(session: InferenceSession): string {
  const tensors = session.outputMetadata.filter(({ isTensor }) => isTensor).map(({ name }) => name);
  const output =
    preferredOutputs.find((name) => tensors.includes(name)) ??
    session.outputMetadata.find((output) => output.isTensor && output.type.startsWith('float'))?.name ??
    tensors[0];
  if (output === undefined) throw new Error('It has no tensor among its outputs');
  return output;
}

/** Rows that one run takes: any number, or exactly one. */
function runRows(inputs: readonly InputShape[]): 'any' | 1 {
  const fixed = inputs.map(({ shape }) => shape[0]).filter((size) => typeof size === 'number');
  if (fixed.length === 0) return 'any';
  if (fixed.every((size) => size === 1)) return 1;
  throw new Error(`It takes batches of exactly ${fixed.join(' and ')} rows`);
}

function lastColumn(data: OnnxTensor.DataType, rows: number, at: Float32Array, offset: number): void {
  const values = data as NumberData;
  const width = values.length / rows;
  for (let row = 0; row < rows; row++) at[offset + row] = Number(values[row * width + width - 1]);
}

function slice(data: TensorData, from: number, to: number): TensorData {
  return data.slice(from, to);
}

/** Loads an ONNX file. Nothing of it is executed but its operators. */
export async function loadReplicaModel(path: string): Promise<LoadedModel> {
  const bytes = await readFile(path);
  const session = await InferenceSession.create(bytes, { intraOpNumThreads: 1, interOpNumThreads: 1 });
  const shapes = inputShapes(session);
  const output = chooseOutput(session);
  const step = runRows(shapes);
  const signature: Signature = {
    inputs: signatureInputs(shapes, readOnnxMetadata(bytes).properties['flyball.features']),
    output,
    dropped: session.outputMetadata.filter(({ isTensor }) => !isTensor).map(({ name }) => name),
  };

  async function runOnce(rows: number, tensors: readonly TensorData[]): Promise<OnnxTensor> {
    const feeds = Object.fromEntries(
      signature.inputs.map(({ name, datatype, columns }, i) => {
        const dims = shapes[i]!.shape.length === 1 ? [rows] : [rows, columns.length];
        return [name, new OnnxTensor(onnxTypes[datatype] as 'float32', tensors[i] as Float32Array, dims)];
      }),
    );
    const result = (await session.run(feeds, [output]))[output]!;
    const answered = result.dims[0] ?? 1;
    if (answered !== rows) throw new Error(`The model answered ${answered} rows for ${rows}`);
    return result;
  }

  async function run(rows: number, tensors: readonly SentTensor[]): Promise<Float32Array> {
    const values = new Float32Array(rows);
    const chunk = step === 'any' ? Math.max(rows, 1) : step;
    for (let from = 0; from < rows; from += chunk) {
      const parts = tensors.map(({ data }, i) => {
        const width = signature.inputs[i]!.columns.length;
        return chunk >= rows ? data : slice(data, from * width, (from + chunk) * width);
      });
      lastColumn((await runOnce(chunk, parts)).data, chunk, values, from);
    }
    return values;
  }

  await run(1, zeros(signature));
  return { signature, run };
}

/** One row of nothing, for the run that shows whether the model works at all. */
function zeros({ inputs }: Signature): SentTensor[] {
  return inputs.map(({ datatype, columns }) => {
    const data = emptyData(datatype, columns.length);
    return { datatype, data: Array.isArray(data) ? data.fill('') : data };
  });
}
