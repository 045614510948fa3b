import { PlatformError, type Rollout } from '@flyball/api';
import { Argument, type Command } from 'commander';
import { parseJsonArgument } from '../json-argument.ts';
import { colour, print, printTable } from '../output.ts';
import { sessionOf } from '../session.ts';

function printRollout(rollout: Rollout): void {
  print(
    `${rollout.endpoint}: ${rollout.champion ?? '-'} → ${rollout.candidate} ${colour.bold(rollout.state)} ${rollout.reason}`,
  );
  const check = rollout.checks.at(-1);
  if (check === undefined) return;
  printTable(check.evidence, {
    metric: (row) => row.metric,
    verdict: (row) => row.verdict,
    estimate: (row) => row.estimate,
    low: (row) => row.low,
    high: (row) => row.high,
    'ln E fail': (row) => row.logEFail,
    'ln E pass': (row) => row.logEPass,
  });
}

const decisions = ['promote', 'roll_back', 'resume'] as const;

/** `endpoint decide`: what a person says of the rollout that goes on. */
function addDecide(endpoint: Command): void {
  endpoint
    .command('decide')
    .description('decide on the rollout that goes on')
    .argument('<endpoint>')
    .addArgument(new Argument('<decision>').choices(decisions))
    .requiredOption('--reason <text>', 'why; kept with the decision')
    .action(
      async (name: string, decision: (typeof decisions)[number], options: { reason: string }, command: Command) => {
        const session = sessionOf(command);
        const { activeRollout } = await session.flyball.getEndpoint({ params: { endpoint: name } });
        if (activeRollout === null) throw new PlatformError('conflict', `No rollout of "${name}" goes on`);
        const body = { decision, reason: options.reason };
        session.answer(await session.flyball.decideRollout({ params: { rollout: activeRollout }, body }), printRollout);
      },
    );
}

interface GivenLabel {
  readonly id: string;
  readonly value: number;
  readonly at?: string | number;
}

/** `endpoint label`: what became known of predictions. */
function addLabel(endpoint: Command): void {
  endpoint
    .command('label')
    .description('tell what became known of predictions')
    .argument('<endpoint>')
    .argument('<labels>', 'JSON: [{"id":"<prediction>","value":1,"at":"<when it became known; now>"}]')
    .action(async (name: string, given: string, _options: unknown, command: Command) => {
      const session = sessionOf(command);
      const parsed = parseJsonArgument(given, '<labels>') as GivenLabel | GivenLabel[];
      const now = new Date().toISOString();
      const labels = (Array.isArray(parsed) ? parsed : [parsed]).map((label) => ({ at: now, ...label }));
      const receipt = await session.flyball.postLabels({ params: { endpoint: name }, body: { labels } });
      session.answer(receipt, ({ accepted, unknown, unknownIds }) => {
        print(`${accepted} accepted, ${unknown} of unknown predictions`);
        for (const id of unknownIds) print(`  ${id}`);
      });
    });
}

/** `endpoint …` */
export function addEndpointCommands(program: Command): void {
  const endpoint = program.command('endpoint').description('endpoints, rollouts, predictions and their labels');
  addDecide(endpoint);
  addLabel(endpoint);
  endpoint.command('list').action(async (_options: unknown, command: Command) => {
    const session = sessionOf(command);
    session.answer((await session.flyball.listEndpoints({ query: {} })).items, (items) =>
      printTable(items, {
        name: (row) => row.name,
        model: (row) => row.model,
        champion: (row) => row.champion,
        rollout: (row) => row.activeRollout,
        predictions: (row) => row.predictions,
        labels: (row) => row.labels,
      }),
    );
  });
  endpoint
    .command('predict')
    .argument('<endpoint>')
    .argument('<rows>', 'JSON: one object, or an array of them')
    .action(async (name: string, rows: string, _options: unknown, command: Command) => {
      const session = sessionOf(command);
      const parsed = parseJsonArgument(rows, '<rows>') as Record<string, unknown> | Record<string, unknown>[];
      const list = Array.isArray(parsed) ? parsed : [parsed];
      const found = await session.flyball.getEndpoint({ params: { endpoint: name } });
      const body = {
        inputs: found.inputs.map((input) => ({
          name: input.name,
          datatype: input.datatype,
          shape: [list.length],
          data: list.map((row) => row[input.name] ?? null),
        })),
      };
      const headers: Record<string, string> = { 'content-type': 'application/json' };
      if (session.token !== undefined) headers['authorization'] = `Bearer ${session.token}`;
      const model = session.project === 'default' ? name : `${session.project}~${name}`;
      const response = await fetch(`${session.url}/v2/models/${encodeURIComponent(model)}/infer`, {
        method: 'POST',
        headers,
        body: JSON.stringify(body),
      });
      const answer = (await response.json()) as { error?: string };
      if (!response.ok) throw new Error(answer.error ?? `The endpoint answers ${response.status}`);
      session.answer(answer, (value) => print(JSON.stringify(value, null, 2)));
    });
  endpoint
    .command('rollout')
    .description('show the latest rollout, or start one')
    .argument('<endpoint>')
    .argument('[version]', 'start rolling this version out')
    .action(async (name: string, given: string | undefined, _options: unknown, command: Command) => {
      const session = sessionOf(command);
      if (given !== undefined) {
        const version = Number(given);
        session.answer(
          await session.flyball.startRollout({ params: { endpoint: name }, body: { version } }),
          printRollout,
        );
        return;
      }
      const { items } = await session.flyball.listRollouts({ params: { endpoint: name }, query: { limit: 1 } });
      session.answer(items[0] ?? null, (latest) => (latest === null ? print('no rollout yet') : printRollout(latest)));
    });
}
