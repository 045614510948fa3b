import { invalidInput } from '@flyball/api';
import type { ObjectRange } from './object-store.ts';

/** Refuses a range that does not start within the object. */
export function checkRange({ start, end }: ObjectRange, size: number): void {
  const isPosition = (value: number) => Number.isSafeInteger(value) && value >= 0;
  if (isPosition(start) && start < size && (end === undefined || (isPosition(end) && end >= start))) return;
  throw invalidInput(`Range ${start}-${end ?? ''} does not fit an object of ${size} bytes`, [
    { at: 'range', message: `must start within the ${size} bytes and not end before its start` },
  ]);
}
