import type { StepDefinition } from '@flyball/api';

export type StepState = 'pending' | 'queued' | 'running' | 'succeeded' | 'failed' | 'skipped' | 'cancelled';

export interface StepStanding {
  readonly id: string;
  readonly state: StepState;
}

const settled = new Set<StepState>(['succeeded', 'failed', 'skipped', 'cancelled']);
export const isSettled = (state: StepState): boolean => settled.has(state);

export interface Readiness {
  readonly ready: readonly string[];
  /** Steps that can never run, because something they need did not succeed. */
  readonly skipped: readonly string[];
}

/** Which pending steps can go now and which never will; repeated until nothing changes. */
export function nextSteps(definitions: readonly StepDefinition[], standing: readonly StepStanding[]): Readiness {
  const states = new Map(standing.map(({ id, state }) => [id, state]));
  const ready: string[] = [];
  const skipped: string[] = [];
  let changed = true;
  while (changed) {
    changed = false;
    for (const { id, needs, rule } of definitions) {
      if (states.get(id) !== 'pending' || ready.includes(id)) continue;
      const of = needs.map((need) => states.get(need) ?? 'pending');
      if (!of.every(isSettled)) continue;
      if (rule === 'always' || of.every((state) => state === 'succeeded')) ready.push(id);
      else {
        states.set(id, 'skipped');
        skipped.push(id);
        changed = true;
      }
    }
  }
  return { ready, skipped };
}

/** The state of a run whose steps have all ended, else null. */
export function finalState(standing: readonly StepStanding[]): 'succeeded' | 'failed' | 'cancelled' | null {
  if (!standing.every(({ state }) => isSettled(state))) return null;
  if (standing.some(({ state }) => state === 'cancelled')) return 'cancelled';
  return standing.some(({ state }) => state === 'failed') ? 'failed' : 'succeeded';
}
