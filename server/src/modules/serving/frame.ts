import { type Datatype, decodeRaw, elementCount, encodeRaw, type Tensor } from './tensor.ts';

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

interface TensorHeader {
  readonly name: string;
  readonly dtype: Datatype;
  readonly shape: readonly number[];
  readonly bytes: number;
}

/** What the gateway and its replicas say to each other. */
export type Message =
  | { readonly t: 'hello'; readonly v: 1; readonly token: string; readonly pid: number }
  | { readonly t: 'ready'; readonly signature: Signature; readonly loadMs: number }
  | { readonly t: 'failed'; readonly message: string }
  | { readonly t: 'predict'; readonly id: number; readonly rows: number }
  | { readonly t: 'result'; readonly id: number; readonly rows: number; readonly ms: number }
  | { readonly t: 'error'; readonly id: number; readonly message: string; readonly stack?: string }
  | { readonly t: 'drain' };

const MAX_HEADER = 64 * 1024;
const MAX_FRAME = 64 * 1024 * 1024;

/** `u32 total | u32 headerLength | header (JSON) | payload`, little-endian; total counts everything after itself. */
export function encodeFrame(message: Message, tensors: readonly Tensor[] = []): Uint8Array[] {
  const payload = tensors.map(({ data }) => encodeRaw(data));
  const described: readonly TensorHeader[] = tensors.map(({ name, datatype, shape }, i) => ({
    name,
    dtype: datatype,
    shape,
    bytes: payload[i]!.length,
  }));
  const header = JSON.stringify(tensors.length === 0 ? message : { ...message, tensors: described });
  const length = Buffer.byteLength(header);
  const total = 4 + length + payload.reduce((sum, part) => sum + part.length, 0);
  if (length > MAX_HEADER || total > MAX_FRAME) throw new RangeError(`A frame of ${total} bytes is too large`);
  const head = Buffer.allocUnsafe(8 + length);
  head.writeUInt32LE(total, 0);
  head.writeUInt32LE(length, 4);
  head.write(header, 8, 'utf8');
  return [head, ...payload];
}

function decodeFrame(frame: Buffer): { message: Message; tensors: Tensor[] } {
  const headerLength = frame.readUInt32LE(0);
  if (headerLength > MAX_HEADER || headerLength + 4 > frame.length) throw new RangeError('A frame has a bad header');
  const { tensors = [], ...message } = JSON.parse(frame.toString('utf8', 4, 4 + headerLength)) as Message & {
    tensors?: readonly TensorHeader[];
  };
  let at = 4 + headerLength;
  const decoded = tensors.map(({ name, dtype, shape, bytes }) => {
    const data = decodeRaw(dtype, elementCount(shape), frame.subarray(at, at + bytes));
    at += bytes;
    return { name, datatype: dtype, shape, data };
  });
  return { message, tensors: decoded };
}

/** Cuts a stream of bytes into frames. */
export class FrameReader {
  #pending: Buffer[] = [];
  #have = 0;

  /** Takes a chunk and hands out the frames that are complete now. */
  push(chunk: Buffer, deliver: (message: Message, tensors: Tensor[]) => void): void {
    this.#pending.push(chunk);
    this.#have += chunk.length;
    for (;;) {
      const total = this.#total();
      if (total === undefined || this.#have < 4 + total) return;
      const { message, tensors } = decodeFrame(this.#take(4 + total).subarray(4));
      deliver(message, tensors);
    }
  }

  #total(): number | undefined {
    if (this.#have < 4) return undefined;
    if (this.#pending[0]!.length < 4) this.#pending = [Buffer.concat(this.#pending)];
    const total = this.#pending[0]!.readUInt32LE(0);
    if (total > MAX_FRAME) throw new RangeError(`A frame of ${total} bytes is too large`);
    return total;
  }

  #take(length: number): Buffer {
    const all = this.#pending.length === 1 ? this.#pending[0]! : Buffer.concat(this.#pending);
    this.#have -= length;
    this.#pending = this.#have === 0 ? [] : [all.subarray(length)];
    return all.subarray(0, length);
  }
}
