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

/** Every place where `to` is not what `from` is, with what only one of them has. */
export function differencesOf(from: unknown, to: unknown, at = ''): Difference[] {
  if (Object.is(from, to)) return [];
  if (Array.isArray(from) && Array.isArray(to) && from.length !== to.length) return [{ at, from, to }];
  if (isObject(from) && isObject(to) && Array.isArray(from) === Array.isArray(to)) {
    const keys = new Set([...Object.keys(from), ...Object.keys(to)]);
    return [...keys].flatMap((key) => differencesOf(from[key], to[key], at === '' ? key : `${at}.${key}`));
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
    // What the server adds for itself, as its times and counts, is in no definition.
    const differences = differencesOf(definition.schema.parse(known), definition.body);
    changes.push({ definition, action: differences.length === 0 ? 'none' : 'update', differences });
  }
  return changes;
}
