import type { Approval } from '@flyball/api';
import type { Command } from 'commander';
import { exitCodes } from '../exit-code.ts';
import { colour, print, printTable } from '../output.ts';
import { sessionOf } from '../session.ts';

function printApproval({ id, state, findings, rolloutId }: Approval): void {
  print(`${state}${rolloutId === null ? `, approval ${id}` : `, rollout ${rolloutId}`}`);
  for (const { ok, rule, message } of findings)
    print(`  ${ok ? colour.green('✓') : colour.red('✗')} ${rule}: ${message}`);
}

function addDecisionCommands(model: Command): void {
  model
    .command('approvals')
    .description('promotions that were asked for, newest first')
    .action(async (_options: unknown, command: Command) => {
      const session = sessionOf(command);
      session.answer((await session.flyball.listApprovals({ query: {} })).items, (items) =>
        printTable(items, {
          approval: (row) => row.id,
          version: (row) => `${row.model}@${row.version}`,
          endpoint: (row) => row.endpoint,
          state: (row) => row.state,
          'asked by': (row) => row.requestedBy,
          decided: (row) => row.decisions.map(({ by, decision }) => `${decision} by ${by}`).join(', '),
        }),
      );
    });
  for (const decision of ['approve', 'reject'] as const) {
    model
      .command(decision)
      .description(`${decision} a promotion that waits for a person`)
      .argument('<approval>')
      .requiredOption('--reason <text>', 'why')
      .action(async (approval: string, { reason }: { reason: string }, command: Command) => {
        const session = sessionOf(command);
        const body = { decision, reason };
        session.answer(await session.flyball.decideApproval({ params: { approval }, body }), printApproval);
      });
  }
}

/** `model …` */
export function addModelCommands(program: Command): void {
  const model = program.command('model').description('models, versions, promotion and evidence');
  model.command('list').action(async (_options: unknown, command: Command) => {
    const session = sessionOf(command);
    session.answer((await session.flyball.listModels({ query: {} })).items, (items) =>
      printTable(items, {
        name: (row) => row.name,
        latest: (row) => row.latestVersion,
        aliases: (row) =>
          Object.entries(row.aliases)
            .map(([alias, version]) => `${alias}→${version}`)
            .join(' '),
      }),
    );
  });
  model
    .command('versions')
    .argument('<model>')
    .action(async (name: string, _options: unknown, command: Command) => {
      const session = sessionOf(command);
      const found = await session.flyball.listModelVersions({ params: { model: name }, query: {} });
      session.answer(found.items, (items) =>
        printTable(items, {
          version: (row) => row.version,
          created: (row) => row.createdAt,
          scan: (row) => row.scan.verdict,
          aliases: (row) => row.aliases.join(' '),
          run: (row) => row.runId,
          data: (row) => (row.dataset === null ? null : `${row.dataset.name}@${row.dataset.version}`),
          digest: (row) => row.digest.slice(0, 12),
        }),
      );
    });
  model
    .command('promote')
    .description('ask that a version be rolled out')
    .argument('<model>')
    .argument('<version>')
    .requiredOption('--endpoint <name>')
    .option('--reason <text>', 'why', '')
    .action(async (name: string, version: string, options: { endpoint: string; reason: string }, command: Command) => {
      const session = sessionOf(command);
      const approval = await session.flyball.requestPromotion({
        body: { model: name, version: Number(version), ...options },
      });
      session.answer(approval, printApproval);
      if (approval.state === 'rejected') process.exitCode = exitCodes.verdict;
    });
  addDecisionCommands(model);
  model
    .command('evidence')
    .description('everything that proves how a version came to be')
    .argument('<model>')
    .argument('<version>')
    .action(async (name: string, version: string, _options: unknown, command: Command) => {
      const session = sessionOf(command);
      const evidence = await session.flyball.getEvidence({ params: { model: name, version: Number(version) } });
      session.answer(evidence, ({ sections, digest }) => {
        for (const { title, items } of sections) {
          print(colour.bold(title));
          for (const item of items) print(`  ${JSON.stringify(item)}`);
        }
        print(`sha256 ${digest}`);
      });
    });
}
