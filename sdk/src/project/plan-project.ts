import type { Flyball } from '../connect.ts';
import { type Definition, definitionKinds } from '../definitions/definition.ts';
import { resources } from './resource.ts';

/** One place where the server differs from the definitions. */
export interface Difference {
  readonly at: string;
  readonly from: unknown;
  readonly to: unknown;
}

/** What `apply` would do to one thing. */
export interface Change {
  readonly definition: Definition;
  readonly action: 'create' | 'update' | 'none';
  readonly differences: readonly Difference[];
}

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null;

/** Every leaf of `to` that `from` does not have as it is; what only the server knows does not count. */
export function differencesOf(from: unknown, to: unknown, at = ''): Difference[] {
  if (Object.is(from, to)) return [];
  if (Array.isArray(from) && Array.isArray(to) && from.length !== to.length) return [{ at, from, to }];
  if (isObject(from) && isObject(to) && Array.isArray(from) === Array.isArray(to)) {
    return Object.keys(to).flatMap((key) => differencesOf(from[key], to[key], at === '' ? key : `${at}.${key}`));
  }
  return [{ at, from, to }];
}

/** Compares definitions with the server, in the order in which they would be applied. */
export async function planProject(flyball: Flyball, definitions: readonly Definition[]): Promise<Change[]> {
  const ordered = definitionKinds.flatMap((kind) => definitions.filter((definition) => definition.kind === kind));
  const changes: Change[] = [];
  for (const definition of ordered) {
    const known = await resources[definition.kind].get(flyball, definition.name);
    if (known === undefined) {
      changes.push({ definition, action: 'create', differences: [] });
      continue;
    }
    const differences = differencesOf(known, definition.body);
    changes.push({ definition, action: differences.length === 0 ? 'none' : 'update', differences });
  }
  return changes;
}
