import { invalidInput, notFound } from '@flyball/api';
import type { UploadedPart } from './object-store.ts';

/** As many as S3 has. */
const MOST_PARTS = 10_000;

export function checkPartNumber(number: number): void {
  if (Number.isInteger(number) && number >= 1 && number <= MOST_PARTS) return;
  throw invalidInput(`A part has a number from 1 to ${MOST_PARTS}`);
}

/** Parts in the order of their numbers, each once. */
export function checkParts(parts: readonly UploadedPart[]): readonly UploadedPart[] {
  if (parts.length === 0) throw invalidInput('An upload is completed with one part at least');
  for (const [i, { number }] of parts.entries()) {
    checkPartNumber(number);
    if (i > 0 && number <= parts[i - 1]!.number) {
      throw invalidInput('The parts must be given in the order of their numbers, each once');
    }
  }
  return parts;
}

export const uploadNotFound = () => notFound('upload', 'with this id; it was completed, aborted, or has expired');
