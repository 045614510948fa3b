import type { PipelineRun } from '@flyball/api';
import { Alert, Button, NumberInput, Stack, Text, Title } from '@mantine/core';
import { useState } from 'react';
import { Moment, StateBadge } from '../../parts/badges.tsx';
import { Facts } from '../../parts/facts.tsx';
import { formatNumber, formatSeconds } from '../../parts/format.ts';
import { JsonView } from '../../parts/json-view.tsx';
import { StepLog } from './step-log.tsx';

type Step = PipelineRun['steps'][number];

function Cache({ cache }: { cache: NonNullable<Step['cache']> }) {
  return (
    <div>
      <Title order={5}>Cache</Title>
      <Text size="sm">
        {cache.hit
          ? 'Not run: a run with exactly these parts had succeeded before, and its outputs were taken.'
          : 'Run: no earlier success had exactly these parts. Its outputs are kept under this key.'}
      </Text>
      <Facts
        facts={[
          ['Key', <code key="key">{cache.key}</code>],
          ...Object.entries(cache.parts).map(([name, value]) => [name, <code key={name}>{value}</code>] as const),
        ]}
      />
    </div>
  );
}

const took = ({ startedAt, endedAt }: Step): string =>
  startedAt === null
    ? '–'
    : formatSeconds((endedAt === null ? Date.now() : Date.parse(endedAt)) - Date.parse(startedAt));

function Log({ run, step }: { run: string; step: Step }) {
  const [attempt, setAttempt] = useState(step.attempt);
  return (
    <div>
      <Title order={5}>Log</Title>
      {step.attempt > 1 ? (
        <NumberInput
          label="Attempt"
          size="xs"
          maw={120}
          mb="xs"
          min={1}
          max={step.attempt}
          value={attempt}
          onChange={(value) => setAttempt(Number(value) || step.attempt)}
        />
      ) : null}
      <StepLog key={`${step.id} ${attempt} ${step.state}`} run={run} step={step.id} attempt={attempt} />
    </div>
  );
}

/** One step of a run: how it went, what it gave, and why it ran or did not. */
export function StepDetails({ run, step, retry }: { run: PipelineRun; step: Step; retry: (from: string) => void }) {
  const ended = run.endedAt !== null;
  return (
    <Stack>
      {step.error === null ? null : (
        <Alert color="red" title="Failed">
          <Text size="sm" style={{ whiteSpace: 'pre-wrap', overflowWrap: 'anywhere' }}>
            {step.error}
          </Text>
        </Alert>
      )}
      <Facts
        facts={[
          ['State', <StateBadge key="state" state={step.state} />],
          ['Does', step.uses ?? 'a command'],
          ['Waits for', step.needs.join(', ') || 'nothing'],
          ['Attempt', step.attempt],
          ['Started', <Moment key="started" at={step.startedAt} />],
          ['Took', took(step)],
          ['Memory at most', step.maxRssMb === null ? '–' : `${formatNumber(step.maxRssMb)} MB`],
        ]}
      />
      {ended ? (
        <Button size="xs" variant="default" style={{ alignSelf: 'flex-start' }} onClick={() => retry(step.id)}>
          Run again from here
        </Button>
      ) : null}
      <div>
        <Title order={5}>Outputs</Title>
        <JsonView value={step.outputs} />
      </div>
      {step.cache === null ? null : <Cache cache={step.cache} />}
      {step.attempt === 0 ? null : <Log key={`${step.id} ${step.attempt}`} run={run.id} step={step} />}
    </Stack>
  );
}
