import { type Datatype, datatypes, decodeRaw, encodeRaw, type TensorData } from './tensor.ts';

/** Where the values of one column of a model's input tensor stand, and how rows of them travel. */
export interface SignatureTensor {
  readonly name: string;
  readonly datatype: Datatype;
  /** The columns of one row, in order. */
  readonly columns: readonly string[];
}

export interface Signature {
  readonly inputs: readonly SignatureTensor[];
  /** The output that is the prediction. */
  readonly output: string;
  /** Outputs that cannot be read, because they are maps or sequences. */
  readonly dropped: readonly string[];
}

/** What the gateway and its replicas say to each other. */
export type Message =
  | { readonly t: 'hello'; readonly v: 1; readonly token: string; readonly pid: number }
  | { readonly t: 'ready'; readonly signature: Signature; readonly loadMs: number }
  | { readonly t: 'failed'; readonly message: string }
  /** Goes with a tensor for each input of the signature. */
  | { readonly t: 'predict'; readonly id: number; readonly rows: number }
  /** Goes with one tensor. */
  | { readonly t: 'result'; readonly id: number; readonly rows: number }
  | { readonly t: 'error'; readonly id: number; readonly message: string; readonly stack?: string }
  | { readonly t: 'drain' };

/** The values of a tensor on their way; name and shape follow from the signature. */
export interface SentTensor {
  readonly datatype: Datatype;
  readonly data: TensorData;
}

const MAX_HEADER = 64 * 1024;
const MAX_FRAME = 64 * 1024 * 1024;
const PREDICT = 1;
const RESULT = 2;
/** Bytes before the description of the tensors: total, 0, kind, id, rows, number of tensors. */
const HEAD_BYTES = 24;
const TENSOR_HEAD_BYTES = 12;
const MAX_TENSORS = 4096;

function tooLarge(bytes: number): RangeError {
  return new RangeError(`A frame of ${bytes} bytes is too large`);
}

/**
 * A message that is not on the hot path: `u32 total | u32 length | JSON`, little-endian; total counts what follows it.
 */
export function encodeFrame(message: Exclude<Message, { t: 'predict' | 'result' }>): Buffer {
  const text = JSON.stringify(message);
  const length = Buffer.byteLength(text);
  if (length > MAX_HEADER) throw tooLarge(length);
  const frame = Buffer.allocUnsafe(8 + length);
  frame.writeUInt32LE(4 + length, 0);
  frame.writeUInt32LE(length, 4);
  frame.write(text, 8, 'utf8');
  return frame;
}

/**
 * Rows for a model, or its answer: `u32 total | u32 0 | u32 kind | u32 id | u32 rows | u32 tensors`, then for each
 * tensor `u32 datatype | u32 elements | u32 bytes`, then their raw bytes.
 */
export function encodeRows(
  kind: 'predict' | 'result',
  id: number,
  rows: number,
  tensors: readonly SentTensor[],
): Buffer {
  const payload = tensors.map(({ data }) => encodeRaw(data));
  let at = HEAD_BYTES + TENSOR_HEAD_BYTES * tensors.length;
  const total = payload.reduce((sum, { length }) => sum + length, at) - 4;
  if (total > MAX_FRAME) throw tooLarge(total);
  const frame = Buffer.allocUnsafe(4 + total);
  frame.writeUInt32LE(total, 0);
  frame.writeUInt32LE(0, 4);
  frame.writeUInt32LE(kind === 'predict' ? PREDICT : RESULT, 8);
  frame.writeUInt32LE(id, 12);
  frame.writeUInt32LE(rows, 16);
  frame.writeUInt32LE(tensors.length, 20);
  for (let i = 0; i < tensors.length; i++) {
    const head = HEAD_BYTES + TENSOR_HEAD_BYTES * i;
    frame.writeUInt32LE(datatypes.indexOf(tensors[i]!.datatype), head);
    frame.writeUInt32LE(tensors[i]!.data.length, head + 4);
    frame.writeUInt32LE(payload[i]!.length, head + 8);
    frame.set(payload[i]!, at);
    at += payload[i]!.length;
  }
  return frame;
}

function decodeFrame(frame: Buffer): { message: Message; tensors: SentTensor[] } {
  const length = frame.readUInt32LE(4);
  if (length === 0) return decodeRows(frame);
  if (length > MAX_HEADER || length + 8 !== frame.length) throw new RangeError('A frame has a bad header');
  return { message: JSON.parse(frame.toString('utf8', 8)) as Message, tensors: [] };
}

function decodeRows(frame: Buffer): { message: Message; tensors: SentTensor[] } {
  const count = frame.length < HEAD_BYTES ? MAX_TENSORS + 1 : frame.readUInt32LE(20);
  let at = HEAD_BYTES + TENSOR_HEAD_BYTES * count;
  if (count > MAX_TENSORS || at > frame.length) throw new RangeError('A frame has a bad header');
  const tensors: SentTensor[] = [];
  for (let i = 0; i < count; i++) {
    const head = HEAD_BYTES + TENSOR_HEAD_BYTES * i;
    const datatype = datatypes[frame.readUInt32LE(head)];
    if (datatype === undefined) throw new RangeError('A frame has a tensor of no known datatype');
    const end = at + frame.readUInt32LE(head + 8);
    tensors.push({ datatype, data: decodeRaw(datatype, frame.readUInt32LE(head + 4), frame.subarray(at, end)) });
    at = end;
  }
  const kind = frame.readUInt32LE(8);
  if (kind !== PREDICT && kind !== RESULT) throw new RangeError('A frame is of no known kind');
  const t = kind === PREDICT ? 'predict' : 'result';
  return { message: { t, id: frame.readUInt32LE(12), rows: frame.readUInt32LE(16) }, tensors };
}

/** Cuts a stream of bytes into frames. */
export class FrameReader {
  #pending: Buffer[] = [];
  #have = 0;

  /** Takes a chunk and hands out the frames that are complete now. */
  push(chunk: Buffer, deliver: (message: Message, tensors: SentTensor[]) => void): void {
    this.#pending.push(chunk);
    this.#have += chunk.length;
    for (;;) {
      const total = this.#total();
      if (total === undefined || this.#have < 4 + total) return;
      const { message, tensors } = decodeFrame(this.#take(4 + total));
      deliver(message, tensors);
    }
  }

  #total(): number | undefined {
    if (this.#have < 4) return undefined;
    if (this.#pending[0]!.length < 4) this.#pending = [Buffer.concat(this.#pending)];
    const total = this.#pending[0]!.readUInt32LE(0);
    if (total > MAX_FRAME) throw tooLarge(total);
    return total;
  }

  #take(length: number): Buffer {
    const all = this.#pending.length === 1 ? this.#pending[0]! : Buffer.concat(this.#pending);
    this.#have -= length;
    this.#pending = this.#have === 0 ? [] : [all.subarray(length)];
    return all.subarray(0, length);
  }
}
