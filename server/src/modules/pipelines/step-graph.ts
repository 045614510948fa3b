import { type BadPlace, invalidInput, type StepDefinition } from '@flyball/api';
import { referencesIn } from './reference.ts';

/** Every step that must have ended before each step, directly or not. */
function ancestorsOf(steps: readonly StepDefinition[]): Map<string, Set<string>> {
  const needs = new Map(steps.map(({ id, needs: of }) => [id, of]));
  const found = new Map<string, Set<string>>();
  const visit = (id: string): Set<string> => {
    const known = found.get(id);
    if (known !== undefined) return known;
    const own = new Set<string>();
    found.set(id, own);
    for (const need of needs.get(id) ?? []) {
      own.add(need);
      for (const ancestor of visit(need)) own.add(ancestor);
    }
    return own;
  };
  for (const { id } of steps) visit(id);
  return found;
}

/** The steps of a cycle, in its order, or null. */
function cycleIn(steps: readonly StepDefinition[]): string[] | null {
  const needs = new Map(steps.map(({ id, needs: of }) => [id, of]));
  const done = new Set<string>();
  const path: string[] = [];
  const visit = (id: string): string[] | null => {
    const seen = path.indexOf(id);
    if (seen >= 0) return [...path.slice(seen), id];
    if (done.has(id)) return null;
    path.push(id);
    for (const need of needs.get(id) ?? []) {
      const cycle = visit(need);
      if (cycle !== null) return cycle;
    }
    path.pop();
    done.add(id);
    return null;
  };
  for (const { id } of steps) {
    const cycle = visit(id);
    if (cycle !== null) return cycle;
  }
  return null;
}

function checkStep(step: StepDefinition, at: string, known: ReadonlySet<string>, actions: ReadonlySet<string>) {
  const bad: BadPlace[] = [];
  if ((step.uses === undefined) === (step.command === undefined)) {
    bad.push({ at, message: 'A step has either "uses" or "command"' });
  }
  if (step.uses !== undefined && !actions.has(step.uses)) {
    bad.push({ at: `${at}.uses`, message: `There is no action "${step.uses}"; see GET /api/v1/pipeline-actions` });
  }
  for (const need of step.needs) {
    if (!known.has(need)) bad.push({ at: `${at}.needs`, message: `There is no step "${need}"` });
  }
  return bad;
}

function checkReferences(step: StepDefinition, at: string, ancestors: ReadonlySet<string>): BadPlace[] {
  const references = [...referencesIn(step.with), ...referencesIn(step.command), ...referencesIn(step.when)];
  return references.flatMap((reference) => {
    const [root, id] = reference.split('.');
    if (root === 'params' || reference === 'run.id') return [];
    if (root === 'steps' && id !== undefined && ancestors.has(id)) return [];
    const reason =
      root === 'steps' ? 'needs that step, directly or not' : 'is not params.…, run.id or steps.<id>.outputs.…';
    return [{ at, message: `\${${reference}} ${reason}` }];
  });
}

/** Refuses a graph that cannot run, naming every place: cycles, unknown steps and actions, references out of reach. */
export function checkGraph(steps: readonly StepDefinition[], actions: ReadonlySet<string>): void {
  const known = new Set(steps.map(({ id }) => id));
  const bad = steps.flatMap((step, i) => checkStep(step, `body.steps[${i}]`, known, actions));
  if (known.size < steps.length) bad.push({ at: 'body.steps', message: 'Two steps have the same id' });
  const cycle = cycleIn(steps);
  if (cycle !== null) bad.push({ at: 'body.steps', message: `These steps wait for each other: ${cycle.join(' → ')}` });
  else {
    const ancestors = ancestorsOf(steps);
    for (const [i, step] of steps.entries())
      bad.push(...checkReferences(step, `body.steps[${i}]`, ancestors.get(step.id)!));
  }
  if (bad.length > 0) throw invalidInput(bad.map(({ at, message }) => `${at}: ${message}`).join('; '), bad);
}
