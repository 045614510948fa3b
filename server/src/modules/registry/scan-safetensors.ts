import type { ByteSource } from './byte-source.ts';

const LONGEST_HEADER = 100 * 1024 * 1024;

const widths: Readonly<Record<string, number>> = {
  BOOL: 1,
  U8: 1,
  I8: 1,
  F8_E5M2: 1,
  F8_E4M3: 1,
  I16: 2,
  U16: 2,
  F16: 2,
  BF16: 2,
  I32: 4,
  U32: 4,
  F32: 4,
  F64: 8,
  I64: 8,
  U64: 8,
};

interface Tensor {
  readonly name: string;
  readonly start: number;
  readonly end: number;
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const isSize = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;

function readTensor(name: string, entry: unknown): Tensor | string {
  const { dtype, shape, data_offsets: offsets } = isObject(entry) ? entry : {};
  const width = typeof dtype === 'string' ? widths[dtype] : undefined;
  if (width === undefined) return `the type of "${name}" is unknown`;
  if (!Array.isArray(shape) || !shape.every(isSize)) return `the shape of "${name}" is no list of sizes`;
  if (!Array.isArray(offsets) || offsets.length !== 2 || !offsets.every(isSize)) return `"${name}" has no place`;
  const [start, end] = offsets as [number, number];
  const bytes = shape.reduce((product: number, size: number) => product * size, width);
  if (end - start !== bytes) return `"${name}" has ${end - start} bytes where its shape needs ${bytes}`;
  return { name, start, end };
}

/** Tensors lie one after the other: no hole to hide something in, no byte that two of them share. */
function findGap(tensors: Tensor[], bytes: number): string | null {
  let at = 0;
  for (const { name, start, end } of tensors.sort((a, b) => a.start - b.start || a.end - b.end)) {
    if (start !== at) return start < at ? `"${name}" overlaps another tensor` : `there is a hole before "${name}"`;
    at = end;
  }
  return at === bytes ? null : `${Math.abs(bytes - at)} bytes ${at < bytes ? 'belong to no tensor' : 'are missing'}`;
}

/** What is wrong with a safetensors file; null when it is exactly what it says. */
export async function findSafetensorsProblem(source: ByteSource): Promise<string | null> {
  if (source.size < 8) return 'it is too short';
  const head = await source.read(0, 8);
  const length = Number(new DataView(head.buffer, head.byteOffset, 8).getBigUint64(0, true));
  if (length > LONGEST_HEADER || length > source.size - 8) return 'its header is longer than the file or than allowed';
  let header: unknown;
  try {
    header = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(await source.read(8, length)));
  } catch {
    return 'its header is no JSON';
  }
  if (!isObject(header)) return 'its header is no JSON object';
  const tensors: Tensor[] = [];
  for (const [name, entry] of Object.entries(header)) {
    if (name === '__metadata__') continue;
    const tensor = readTensor(name, entry);
    if (typeof tensor === 'string') return tensor;
    tensors.push(tensor);
  }
  return findGap(tensors, source.size - 8 - length);
}
