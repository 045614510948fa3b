import { Text } from '@mantine/core';
import { useMemo } from 'react';
import { Graph } from '../../parts/graph.tsx';

interface Step {
  readonly id: string;
  readonly needs: readonly string[];
  readonly what: string;
  readonly state?: string;
}

const colours: Readonly<Record<string, string>> = {
  succeeded: '#40a070',
  running: '#4c8eda',
  queued: '#4c8eda',
  failed: '#e03131',
  cancelled: '#999999',
  skipped: '#999999',
};

/** Steps and what they wait for, coloured by their state where they have one. */
export function StepGraph({ steps, onStep }: { steps: readonly Step[]; onStep: (id: string) => void }) {
  const graph = useMemo(
    () => ({
      nodes: steps.map(({ id, what, state }) => ({
        id,
        name: ['step', id, state, what].filter(Boolean).join(' '),
        width: 150,
        ...(state === undefined || colours[state] === undefined ? {} : { colour: colours[state] }),
        label: (
          <>
            <Text size="xs" fw={600} truncate>
              {id}
            </Text>
            <Text size="xs" c="dimmed" truncate>
              {[state, what].filter(Boolean).join(', ')}
            </Text>
          </>
        ),
      })),
      edges: steps.flatMap(({ id, needs }) => needs.map((need) => ({ from: need, to: id }))),
    }),
    [steps],
  );
  return <Graph {...graph} height={380} onNode={onStep} />;
}
