/** A number as the database keeps it: infinities are the greatest doubles, and NaN is a zero with a mark. */
export interface StoredNumber {
  readonly value: number;
  readonly isNan: boolean;
}

export function storedNumber(value: number): StoredNumber {
  if (Number.isNaN(value)) return { value: 0, isNan: true };
  if (value === Number.POSITIVE_INFINITY) return { value: Number.MAX_VALUE, isNan: false };
  if (value === Number.NEGATIVE_INFINITY) return { value: -Number.MAX_VALUE, isNan: false };
  // Minus zero equals zero everywhere but in a unique index.
  return { value: value === 0 ? 0 : value, isNan: false };
}
