import type { BadPlace } from '@flyball/api';
import { placeOf } from './bad-places.ts';

/** Deeper than anything of the contract, and far from what exhausts the stack of a parser or of PostgreSQL. */
const DEEPEST = 100;

interface Spot {
  readonly value: object;
  readonly key: string | number;
  readonly parent: Spot | null;
  readonly depth: number;
}

function pathOf(spot: Spot): (string | number)[] {
  const path = [];
  for (let at = spot; at.parent !== null; at = at.parent) path.push(at.key);
  return path.reverse();
}

function textFault(text: string): string | undefined {
  if (text.includes('\0')) return 'Text must not hold NUL characters';
  return text.isWellFormed() ? undefined : 'Text must be well-formed Unicode';
}

/**
 * Places that PostgreSQL cannot store: NUL characters, lone surrogates, and JSON nested without end.
 * Walks without recursion, for the input may be nested deeper than the stack.
 */
export function unstorablePlaces(root: unknown, at: string): BadPlace[] {
  const bad: BadPlace[] = [];
  const open: Spot[] = [];
  const visit = (value: unknown, key: string | number, parent: Spot | null): void => {
    if (typeof value === 'object' && value !== null) {
      const depth = parent === null ? 0 : parent.depth + 1;
      if (depth <= DEEPEST) open.push({ value, key, parent, depth });
      else bad.push({ at, message: `JSON must not be nested deeper than ${DEEPEST} levels` });
    }
    const fault = typeof value === 'string' ? textFault(value) : undefined;
    if (fault !== undefined)
      bad.push({ at: placeOf(at, parent === null ? [] : [...pathOf(parent), key]), message: fault });
  };
  visit(root, '', null);
  for (let spot = open.pop(); spot !== undefined; spot = open.pop()) {
    const isList = Array.isArray(spot.value);
    for (const [name, value] of Object.entries(spot.value)) {
      const fault = textFault(name);
      if (fault !== undefined) bad.push({ at: placeOf(at, pathOf(spot)), message: `The name of a field: ${fault}` });
      visit(value, isList ? Number(name) : name, spot);
    }
  }
  return bad;
}
