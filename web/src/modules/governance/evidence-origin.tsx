import type { EvidenceSection } from '@flyball/api';
import { Stack, Title } from '@mantine/core';
import { Moment, StateBadge } from '../../parts/badges.tsx';
import { Facts } from '../../parts/facts.tsx';
import { formatNumber, formatSeconds } from '../../parts/format.ts';
import { Go, placeOf } from '../../parts/go.tsx';
import { NameValues } from '../../parts/name-values.tsx';

type Items<K extends EvidenceSection['kind']> = Extract<EvidenceSection, { kind: K }>['items'];

const flavors = { onnx: 'ONNX', mlflow: 'MLflow model', other: 'other files' } as const;
const programNames: Readonly<Record<string, string>> = {
  'mlflow.source.name': 'Program',
  'mlflow.source.type': 'Kind of program',
  'mlflow.source.git.commit': 'Git commit',
  'mlflow.source.git.branch': 'Git branch',
  'mlflow.source.git.repoURL': 'Git repository',
};

/** Which program made the files, and where they were taken from. */
export function EvidenceCode({ item }: { item: Items<'code'>[number] }) {
  const { flavor, source, program, step, tags } = item;
  return (
    <Facts
      facts={[
        ...Object.entries(program).map(([name, value]) => [programNames[name] ?? name, value] as const),
        ...('mlflow.source.git.commit' in program ? [] : [['Git commit', 'the run does not tell'] as const]),
        ...(step === null
          ? []
          : [
              [
                'Step of a pipeline run',
                <Go key="step" to={placeOf('pipeline-runs', step.pipelineRunId)} search={{ step: step.id }}>
                  {`${step.id} of ${step.pipelineRunId}`}
                </Go>,
              ] as const,
            ]),
        ['Format', flavors[flavor]],
        ['Files taken from', source || 'uploaded'],
        ...Object.entries(tags).map(([name, value]) => [`Tag ${name}`, value] as const),
      ]}
    />
  );
}

const byName = (a: readonly [string, ...unknown[]], b: readonly [string, ...unknown[]]): number =>
  a[0] < b[0] ? -1 : 1;

/** The run that trained a version: who, when, with which settings, and what it measured itself. */
export function EvidenceRun({ item }: { item: Items<'run'>[number] }) {
  const { runId, name, status, user, startTime, endTime, params, metrics } = item;
  return (
    <Stack gap="sm">
      <Facts
        facts={[
          [
            'Run',
            <Go key="run" to={placeOf('runs', runId)}>
              {name}
            </Go>,
          ],
          ['Id', <code key="id">{runId}</code>],
          ['Status', <StateBadge key="status" state={status} />],
          ['By', user || 'not said'],
          ['Started', <Moment key="started" at={startTime} />],
          ['Took', endTime === null ? 'it has not ended' : formatSeconds(endTime - startTime)],
        ]}
      />
      <Title order={4} size="sm">
        Settings
      </Title>
      <NameValues values={Object.entries(params).sort(byName)} />
      <Title order={4} size="sm">
        What the run measured itself
      </Title>
      <NameValues
        values={Object.entries(metrics)
          .sort(byName)
          .map(([key, { value }]) => [key, formatNumber(value)] as const)}
      />
    </Stack>
  );
}
