import { promisify } from 'node:util';
import { inflateRaw } from 'node:zlib';
import { type ByteSource, bytesSource, partOf } from './byte-source.ts';

const END = 0x06054b50;
const END_64 = 0x06064b50;
const LOCATOR_64 = 0x07064b50;
const ENTRY = 0x02014b50;
const LOCAL = 0x04034b50;
const MOST_ENTRIES = 10_000;
const MOST_UNPACKED = 256 * 1024 * 1024;
const unpack = promisify(inflateRaw);

export interface ZipEntry {
  readonly name: string;
  readonly method: number;
  readonly packed: number;
  readonly unpacked: number;
  readonly offset: number;
  readonly isEncrypted: boolean;
}

export interface ZipDirectory {
  readonly entries: readonly ZipEntry[];
  /** Bytes before the archive, which offsets do not count. */
  readonly prefix: number;
}

/** The archive is not what it says; readers would not agree on what is in it. */
export class BadZip extends Error {}

const view = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
const big = (data: DataView, at: number): number => Number(data.getBigUint64(at, true));

async function findEnd(source: ByteSource): Promise<{ at: number; data: DataView } | null> {
  const length = Math.min(source.size, 22 + 65_535);
  const tail = await source.read(source.size - length, length);
  const data = view(tail);
  for (let at = tail.length - 22; at >= 0; at--) {
    if (data.getUint32(at, true) !== END) continue;
    if (at + 22 + data.getUint16(at + 20, true) <= tail.length) {
      return { at: source.size - length + at, data: view(tail.subarray(at, at + 22)) };
    }
  }
  return null;
}

interface Place {
  readonly count: number;
  readonly size: number;
  readonly offset: number;
  /** Where the directory must end. */
  readonly end: number;
}

/** Archives beyond 4 GB keep their directory's place in a record of their own. */
async function placeOf(source: ByteSource, end: { at: number; data: DataView }): Promise<Place> {
  const { data, at } = end;
  const small = {
    count: data.getUint16(10, true),
    size: data.getUint32(12, true),
    offset: data.getUint32(16, true),
    end: at,
  };
  if (at < 20) return small;
  const locator = view(await source.read(at - 20, 20));
  if (locator.getUint32(0, true) !== LOCATOR_64) return small;
  // Its offset does not count a prefix, so the record is looked for where it must lie: right before the locator.
  const record = view(await source.read(at - 76, 56));
  if (at < 76 || record.getUint32(0, true) !== END_64) throw new BadZip('its 64-bit directory is not where it must be');
  return { count: big(record, 32), size: big(record, 40), offset: big(record, 48), end: at - 76 };
}

/** Sizes that do not fit 32 bits stand in an extra field, in this order. */
function wide(extra: DataView, values: readonly number[]): number[] {
  for (let at = 0; at + 4 <= extra.byteLength; at += 4 + extra.getUint16(at + 2, true)) {
    if (extra.getUint16(at, true) !== 1) continue;
    let next = at + 4;
    return values.map((value) => {
      if (value !== 0xffffffff || next + 8 > extra.byteLength) return value;
      next += 8;
      return big(extra, next - 8);
    });
  }
  return [...values];
}

function readEntries(bytes: Uint8Array, count: number): ZipEntry[] {
  const data = view(bytes);
  const entries: ZipEntry[] = [];
  for (let at = 0; at < bytes.length; ) {
    if (at + 46 > bytes.length || data.getUint32(at, true) !== ENTRY) throw new BadZip('its directory is broken');
    const lengths = [
      data.getUint16(at + 28, true),
      data.getUint16(at + 30, true),
      data.getUint16(at + 32, true),
    ] as const;
    const extraAt = at + 46 + lengths[0];
    const end = extraAt + lengths[1] + lengths[2];
    if (end > bytes.length) throw new BadZip('its directory is broken');
    const given = [data.getUint32(at + 24, true), data.getUint32(at + 20, true), data.getUint32(at + 42, true)];
    const [unpacked = 0, packed = 0, offset = 0] = wide(view(bytes.subarray(extraAt, extraAt + lengths[1])), given);
    entries.push({
      name: Buffer.from(bytes.subarray(at + 46, extraAt)).toString('utf8'),
      method: data.getUint16(at + 10, true),
      isEncrypted: (data.getUint16(at + 8, true) & 1) === 1,
      packed,
      unpacked,
      offset,
    });
    at = end;
  }
  if (entries.length !== count) throw new BadZip(`its directory has ${entries.length} entries instead of ${count}`);
  return entries;
}

/** The directory of a zip archive; null when the bytes are none. A prefix, as of a polyglot, is allowed and told. */
export async function readZipDirectory(source: ByteSource): Promise<ZipDirectory | null> {
  if (source.size < 22) return null;
  const end = await findEnd(source);
  if (end === null) return null;
  const place = await placeOf(source, end);
  if (place.count > MOST_ENTRIES) throw new BadZip(`it has more than ${MOST_ENTRIES} entries`);
  const prefix = place.end - place.size - place.offset;
  if (prefix < 0 || place.size > source.size) throw new BadZip('its directory does not fit the file');
  const entries = readEntries(await source.read(place.end - place.size, place.size), place.count);
  return { entries, prefix };
}

/** The bytes of an entry, after its local header was found to say the same as the directory. */
export async function openZipEntry(source: ByteSource, entry: ZipEntry, prefix: number): Promise<ByteSource | null> {
  const at = prefix + entry.offset;
  const header = await source.read(at, 30);
  const data = view(header);
  if (header.length < 30 || data.getUint32(0, true) !== LOCAL)
    throw new BadZip(`"${entry.name}" is not where it should be`);
  const length = data.getUint16(26, true);
  const name = Buffer.from(await source.read(at + 30, length)).toString('utf8');
  const isOther = name !== entry.name || data.getUint16(8, true) !== entry.method;
  if (isOther) throw new BadZip(`"${entry.name}" is called "${name}" in its own header`);
  const start = at + 30 + length + data.getUint16(28, true);
  if (start + entry.packed > source.size) throw new BadZip(`"${entry.name}" ends after the file`);
  const packed = partOf(source, start, entry.packed);
  if (entry.isEncrypted) return null;
  if (entry.method === 0) return packed;
  if (entry.method !== 8 || entry.unpacked > MOST_UNPACKED || entry.packed > MOST_UNPACKED) return null;
  try {
    const bytes = await unpack(await packed.read(0, entry.packed), { maxOutputLength: MOST_UNPACKED });
    return bytesSource(bytes);
  } catch {
    throw new BadZip(`"${entry.name}" cannot be unpacked`);
  }
}
