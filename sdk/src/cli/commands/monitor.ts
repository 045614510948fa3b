import type { Command } from 'commander';
import { print, printTable } from '../output.ts';
import { sessionOf } from '../session.ts';

/** `monitor …` */
export function addMonitorCommands(program: Command): void {
  const monitor = program.command('monitor').description('monitors, alerts and incidents');
  monitor.command('list').action(async (_options: unknown, command: Command) => {
    const session = sessionOf(command);
    session.answer((await session.flyball.listMonitors({ query: {} })).items, (items) =>
      printTable(items, {
        name: (row) => row.name,
        endpoint: (row) => row.endpoint,
        state: (row) => row.state,
        until: (row) => row.evaluatedUntil,
        rules: (row) => row.rules.length,
      }),
    );
  });
  monitor
    .command('signals')
    .argument('<monitor>')
    .option('--signal <id>')
    .action(async (name: string, options: { signal?: string }, command: Command) => {
      const session = sessionOf(command);
      const found = await session.flyball.readSignals({ params: { monitor: name }, query: { ...options } });
      session.answer(found.values, (values) =>
        printTable(values.slice(-50), {
          at: (row) => row.at,
          signal: (row) => row.signal,
          value: (row) => row.value,
          reference: (row) => row.reference,
          count: (row) => row.count,
        }),
      );
    });
  monitor.command('incidents').action(async (_options: unknown, command: Command) => {
    const session = sessionOf(command);
    session.answer((await session.flyball.listIncidents({ query: {} })).items, (items) => {
      for (const incident of items) {
        print(`${incident.openedAt} ${incident.state} ${incident.title}`);
        for (const { at, text } of incident.timeline) print(`  ${at} ${text}`);
      }
      if (items.length === 0) print('no incidents');
    });
  });
}
