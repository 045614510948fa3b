import { readFile } from 'node:fs/promises';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { PlatformError } from '@flyball/api';
import { readOnnxMetadata } from '@flyball/stats/learn';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import type { ModelRuntime } from './model-runtime.ts';

// A run blocks the event loop; 8,192 rows of a hundred trees take about 25 ms.
const CHUNK_ROWS = 8192;

function featuresOf(bytes: Uint8Array, session: InferenceSession): string[] {
  const names = readOnnxMetadata(bytes).properties['flyball.features'];
  if (names !== undefined) return JSON.parse(names) as string[];
  if (session.inputNames.length > 1) return [...session.inputNames];
  const input = session.inputMetadata[0];
  const width = input?.isTensor === true ? input.shape.at(-1) : undefined;
  return Array.from({ length: typeof width === 'number' ? width : 1 }, (_, i) => `f${i}`);
}

/** Tensor outputs only: maps and sequences (a ZipMap at the end) cannot be fetched. */
function outputOf(session: InferenceSession): string {
  const tensors = session.outputMetadata.filter((output) => output.isTensor).map(({ name }) => name);
  const wanted = ['probability', 'probabilities', 'prediction', 'variable'].find((name) => tensors.includes(name));
  const output = wanted ?? tensors.find((name) => !name.includes('label')) ?? tensors[0];
  if (output === undefined) throw new PlatformError('invalid_input', 'The model has no tensor among its outputs');
  return output;
}

function feedsOf(session: InferenceSession, columns: readonly Float32Array[], from: number, rows: number) {
  if (session.inputNames.length > 1) {
    return Object.fromEntries(
      session.inputNames.map((name, f) => {
        const input = session.inputMetadata[f];
        const flat = input?.isTensor === true && input.shape.length === 1;
        const values = columns[f]!.slice(from, from + rows);
        return [name, new Tensor('float32', values, flat ? [rows] : [rows, 1])];
      }),
    );
  }
  const matrix = new Float32Array(rows * columns.length);
  for (const [f, column] of columns.entries()) {
    for (let row = 0; row < rows; row++) matrix[row * columns.length + f] = column[from + row]!;
  }
  return { [session.inputNames[0]!]: new Tensor('float32', matrix, [rows, columns.length]) };
}

/** Loads an ONNX file. Nothing of it is executed but its operators. */
export async function openOnnx(path: string): Promise<ModelRuntime> {
  const bytes = await readFile(path);
  const options = { intraOpNumThreads: 1, interOpNumThreads: 1 };
  const session = await InferenceSession.create(bytes, options).catch((cause: unknown) => {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new PlatformError('invalid_input', `This is no ONNX model that can be loaded: ${reason}`, { cause });
  });
  const features = featuresOf(bytes, session);
  const output = outputOf(session);

  async function predictChunk(columns: readonly Float32Array[], from: number, into: Float64Array): Promise<void> {
    const rows = Math.min(CHUNK_ROWS, into.length - from);
    const result = await session.run(feedsOf(session, columns, from, rows), [output]);
    const values = result[output]!.data as Float32Array;
    const width = values.length / rows;
    if (!Number.isInteger(width)) {
      throw new PlatformError('invalid_input', `The model answered ${values.length} values for ${rows} rows`);
    }
    // Of several columns the last is the positive class.
    for (let row = 0; row < rows; row++) into[from + row] = values[row * width + width - 1]!;
  }

  return {
    features,
    predict: async (columns) => {
      if (columns.length !== features.length) {
        throw new PlatformError('invalid_input', `The model takes ${features.length} columns, not ${columns.length}`);
      }
      const scores = new Float64Array(columns[0]?.length ?? 0);
      for (let from = 0; from < scores.length; from += CHUNK_ROWS) {
        await predictChunk(columns, from, scores);
        await nextTurn();
      }
      return scores;
    },
    close: async () => await session.release(),
  };
}
