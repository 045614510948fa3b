/** Throws RangeError unless both arrays have one length, above zero. */
export function checkPaired(metric: string, first: ArrayLike<number>, second: ArrayLike<number>): void {
  if (first.length !== second.length) {
    throw new RangeError(`${metric}: ${first.length} values on one side but ${second.length} on the other`);
  }
  if (first.length === 0) throw new RangeError(`${metric}: no rows`);
}

/** Throws RangeError at the first label that is neither 0 nor 1. */
export function checkLabels(metric: string, labels: ArrayLike<number>): void {
  for (let i = 0; i < labels.length; i++) {
    const label = labels[i]!;
    if (label !== 0 && label !== 1) throw new RangeError(`${metric}: label ${i} must be 0 or 1, got ${label}`);
  }
}

/** Throws RangeError at the first value that is NaN. */
export function checkNumbers(metric: string, values: ArrayLike<number>): void {
  for (let i = 0; i < values.length; i++) {
    if (Number.isNaN(values[i])) throw new RangeError(`${metric}: value ${i} is not a number`);
  }
}

/** Throws RangeError at the first value outside [0, 1]. */
export function checkProbabilities(metric: string, values: ArrayLike<number>): void {
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!;
    if (!(value >= 0 && value <= 1)) {
      throw new RangeError(`${metric}: probability ${i} must be in [0, 1], got ${value}`);
    }
  }
}
