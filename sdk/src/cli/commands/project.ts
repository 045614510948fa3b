import type { Command } from 'commander';
import { applyProject } from '../../project/apply-project.ts';
import { loadProject } from '../../project/load-project.ts';
import { type Change, planProject } from '../../project/plan-project.ts';
import { colour, print, printError } from '../output.ts';
import { sessionOf } from '../session.ts';

const signs = { create: colour.green('+'), update: colour.yellow('~'), none: colour.dim('=') } as const;
const short = (value: unknown): string => {
  const text = JSON.stringify(value) ?? 'nothing';
  return text.length > 100 ? `${text.slice(0, 97)}…` : text;
};

function printChange({ definition, action, differences }: Change): void {
  print(`${signs[action]} ${definition.kind} ${colour.bold(definition.name)}`);
  for (const { at, from, to } of differences)
    print(`    ${at}: ${colour.red(short(from))} → ${colour.green(short(to))}`);
}

function summary(changes: readonly Change[], done: boolean): string {
  const count = (action: Change['action']): number => changes.filter((change) => change.action === action).length;
  const verb = done ? 'Applied' : 'Plan';
  return `${verb}: ${count('create')} to create, ${count('update')} to change, ${count('none')} as they are`;
}

const present = (changes: readonly Change[]) =>
  changes.map(({ definition, action, differences }) => ({
    kind: definition.kind,
    name: definition.name,
    action,
    differences,
  }));

/** Where the server refuses one definition, those before it are applied; applying again goes on from there. */
function tellDone(done: readonly Change[], of: number): void {
  const changed = done.filter(({ action }) => action !== 'none');
  if (changed.length === 0) return;
  printError(`Applied before it stopped, ${done.length} of ${of} definitions being done:`);
  for (const { action, definition } of changed) printError(`  ${signs[action]} ${definition.kind} ${definition.name}`);
}

/** `plan` and `apply`. */
export function addProjectCommands(program: Command): void {
  program
    .command('plan')
    .description('show what apply would change')
    .argument('[path]', 'definition file, or folder of them', '.')
    .action(async (place: string, _options: unknown, command: Command) => {
      const session = sessionOf(command);
      const changes = await planProject(session.flyball, await loadProject(place));
      session.answer(present(changes), () => {
        for (const change of changes) printChange(change);
        print(summary(changes, false));
      });
    });
  program
    .command('apply')
    .description('make the server agree with the definitions')
    .argument('[path]', 'definition file, or folder of them', '.')
    .action(async (place: string, _options: unknown, command: Command) => {
      const session = sessionOf(command);
      const definitions = await loadProject(place);
      const done: Change[] = [];
      const changes = await applyProject(session.flyball, definitions, (change) => done.push(change)).catch((error) => {
        tellDone(done, definitions.length);
        throw error;
      });
      session.answer(present(changes), () => {
        for (const change of changes) printChange(change);
        print(summary(changes, true).replaceAll(' to ', ' '));
      });
    });
}
