const BINS = 20;

/**
 * Edges of bins of equal width: bin i holds what is above edge i and not above edge i + 1, the first one also the
 * smallest value. Whole numbers of a small range get a bin each.
 */
export function binEdges(low: number, high: number, isWhole: boolean): number[] {
  if (isWhole && high - low < BINS) {
    return Array.from({ length: high - low + 2 }, (_, i) => low - 1 + i);
  }
  if (low === high) return [low, high];
  const width = high / BINS - low / BINS;
  const edges = Array.from({ length: BINS + 1 }, (_, i) => low + width * i);
  edges[BINS] = high;
  return edges.filter((edge, i) => i === 0 || edge > edges[i - 1]!);
}
