import type { Pipeline } from '@flyball/api';
import { Stack, Title } from '@mantine/core';
import { Facts } from '../../parts/facts.tsx';
import { formatCount, formatNumber } from '../../parts/format.ts';
import { JsonView } from '../../parts/json-view.tsx';

type Step = Pipeline['steps'][number];

function retriesText({ retries, retryDelaySeconds }: Step): string {
  if (retries === 0) return 'fails at the first failure';
  return `tries again ${retries === 1 ? 'once' : `${retries} times`}, first after ${retryDelaySeconds} s`;
}

/** What a step does, when, and within which limits. */
export function StepDefinition({ step }: { step: Step }) {
  const { uses, command, needs, rule, when, timeoutSeconds, memoryLimitMb, cache } = step;
  return (
    <Stack>
      <Facts
        facts={[
          ['Does', uses ?? <code key="command">{command?.join(' ')}</code>],
          ['Waits for', needs.join(', ') || 'nothing'],
          ['Runs', rule === 'always' ? 'also when a step before it failed' : 'when all steps before it succeeded'],
          ...(when === undefined ? [] : [['Only if', <code key="when">{when}</code>] as const]),
          ['On failure', retriesText(step)],
          ['May take', `${formatNumber(timeoutSeconds / 60)} min, ${formatCount(memoryLimitMb)} MB of memory`],
          ['Cache', cache ? 'takes the outputs of an equal success' : 'always runs'],
        ]}
      />
      <Title order={5}>Input</Title>
      <JsonView value={step.with} />
    </Stack>
  );
}
