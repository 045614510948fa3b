import type { Flyball } from '../connect.ts';
import type { Definition } from '../definitions/definition.ts';
import { type Change, planProject } from './plan-project.ts';
import { resources } from './resource.ts';

/**
 * Makes the server agree with the definitions. What agrees already is left alone, so applying twice changes nothing.
 */
export async function applyProject(
  flyball: Flyball,
  definitions: readonly Definition[],
  onChange: (change: Change) => void = () => {},
): Promise<Change[]> {
  const changes = await planProject(flyball, definitions);
  for (const change of changes) {
    if (change.action !== 'none') await resources[change.definition.kind].put(flyball, change.definition);
    onChange(change);
  }
  return changes;
}
