/** Rows grouped by cluster, in compressed form. */
export interface Clusters {
  /** Number of clusters. */
  readonly count: number;
  /** Shape [rows], number of each row's cluster. */
  readonly of: Uint32Array;
  /** Shape [rows], row numbers ordered by cluster. */
  readonly rows: Uint32Array;
  /** Shape [count + 1], where each cluster starts in `rows`. */
  readonly starts: Uint32Array;
}

/**
 * Groups rows by an id. Without ids every row is a cluster of its own.
 *
 * @param rows number of rows
 * @param ids shape [rows], any numbers or texts
 * @returns clusters in order of first appearance
 * @throws RangeError when there is not one id per row
 * @example
 * groupClusters(3, ['a', 'b', 'a']).count; // 2
 */
export function groupClusters(rows: number, ids?: ArrayLike<number | string>): Clusters {
  if (ids !== undefined && ids.length !== rows) {
    throw new RangeError(`clusters: ${ids.length} cluster ids for ${rows} rows`);
  }
  const of = new Uint32Array(rows);
  const numbers = new Map<number | string, number>();
  for (let row = 0; row < rows; row++) {
    if (ids === undefined) {
      of[row] = row;
      continue;
    }
    const id = ids[row]!;
    const known = numbers.get(id);
    of[row] = known ?? numbers.size;
    if (known === undefined) numbers.set(id, numbers.size);
  }
  const count = ids === undefined ? rows : numbers.size;
  const starts = new Uint32Array(count + 1);
  for (let row = 0; row < rows; row++) starts[of[row]! + 1]!++;
  for (let cluster = 0; cluster < count; cluster++) starts[cluster + 1]! += starts[cluster]!;
  const next = starts.slice(0, count);
  const ordered = new Uint32Array(rows);
  for (let row = 0; row < rows; row++) ordered[next[of[row]!]!++] = row;
  return { count, of, rows: ordered, starts };
}
