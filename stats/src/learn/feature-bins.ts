import { createRandom } from '../sampling/random.ts';

/** Rows looked at when the cut values of a long column are chosen. */
const mostRows = 200_000;

/**
 * Columns as small integer codes. Code `c` of a value is the number of its column's cuts below it, so `x <= cuts[b]`
 * holds exactly when `code <= b`; a missing value has the code `cuts.length + 1`.
 */
export interface BinnedTable {
  readonly rows: number;
  /** One cut list per column; the values are values of the column. */
  readonly cuts: readonly Float32Array[];
  /** Column after column, `rows` codes each. */
  readonly codes: Uint8Array;
}

/** Chooses the cuts of every column from the given rows: each value its own bin while they fit, else even shares. */
export function chooseCuts(
  columns: readonly Float32Array[],
  rows: Uint32Array,
  maxBins: number,
  seed: number,
): Float32Array[] {
  const chosen =
    rows.length <= mostRows ? rows : sampleRows(rows.length, mostRows, seed).map((position) => rows[position]!);
  const buffer = new Float32Array(chosen.length);
  return columns.map((column) => {
    let present = 0;
    for (let i = 0; i < chosen.length; i++) {
      const x = column[chosen[i]!]!;
      if (!Number.isNaN(x)) buffer[present++] = x;
    }
    return cutsOfSorted(buffer.subarray(0, present).sort(), maxBins);
  });
}

/** Codes the given rows of the columns with cuts chosen before. */
export function binColumns(
  columns: readonly Float32Array[],
  rows: Uint32Array,
  cuts: readonly Float32Array[],
): BinnedTable {
  const codes = new Uint8Array(rows.length * columns.length);
  // Padding with +Infinity makes the binary search eight fixed steps.
  const padded = new Float32Array(256);
  for (const [f, column] of columns.entries()) {
    const own = cuts[f]!;
    padded.fill(Number.POSITIVE_INFINITY);
    padded.set(own);
    codeColumn(column, rows, padded, own.length + 1, codes.subarray(f * rows.length, (f + 1) * rows.length));
  }
  return { rows: rows.length, cuts, codes };
}

function codeColumn(
  column: Float32Array,
  rows: Uint32Array,
  padded: Float32Array,
  missing: number,
  codes: Uint8Array,
): void {
  for (let i = 0; i < rows.length; i++) {
    const x = column[rows[i]!]!;
    if (Number.isNaN(x)) {
      codes[i] = missing;
      continue;
    }
    let code = 0;
    for (let step = 128; step > 0; step >>= 1) {
      if (padded[code + step - 1]! < x) code += step;
    }
    codes[i] = code;
  }
}

/** Positions of a random sample without repeats, in order (selection sampling: Knuth, TAOCP 3.4.2, algorithm S). */
export function sampleRows(count: number, wanted: number, seed: number): Uint32Array {
  const { uniform: random } = createRandom(seed);
  const sample = new Uint32Array(wanted);
  let taken = 0;
  for (let i = 0; taken < wanted; i++) {
    if (random() * (count - i) < wanted - taken) sample[taken++] = i;
  }
  return sample;
}

function cutsOfSorted(sorted: Float32Array, maxBins: number): Float32Array {
  let distinct = 0;
  for (let i = 0; i < sorted.length; i++) {
    if (i === 0 || sorted[i] !== sorted[i - 1]) distinct++;
  }
  const all = distinct <= maxBins;
  const cuts: number[] = [];
  let left = sorted.length;
  let held = 0;
  // The share is recomputed after each bin, so that a value with many rows takes one bin and not its neighbours' too.
  let share = left / maxBins;
  for (let i = 0; i + 1 < sorted.length; i++) {
    held++;
    if (sorted[i] === sorted[i + 1] || !(all || (held >= share && cuts.length < maxBins - 1))) continue;
    cuts.push(sorted[i]!);
    left -= held;
    held = 0;
    share = left / (maxBins - cuts.length);
  }
  return Float32Array.from(cuts);
}
