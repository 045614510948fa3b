import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { LabelledColumns } from '@flyball/stats/learn';

/** A table as one raw little-endian float32 file: column after column, the labels last. numpy reads it as it is. */
export function writeTable(folder: string, name: string, { columns, labels }: LabelledColumns): void {
  const all = new Float32Array(labels.length * (columns.length + 1));
  for (const [f, column] of columns.entries()) all.set(column, f * labels.length);
  all.set(labels, columns.length * labels.length);
  writeFileSync(join(folder, `${name}.f32`), all);
}

/** A table that `writeTable` wrote. */
export function readTable(folder: string, name: string, width: number): LabelledColumns {
  const bytes = readFileSync(join(folder, `${name}.f32`));
  const all = new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength));
  const rows = all.length / (width + 1);
  const columns = Array.from({ length: width }, (_, f) => all.subarray(f * rows, (f + 1) * rows));
  return { columns, labels: all.subarray(width * rows) };
}
