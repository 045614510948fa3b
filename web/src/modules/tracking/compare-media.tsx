import type { Run } from '@flyball/api';
import { Card, Group, Select, SimpleGrid, Slider, Stack, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Go, placeOf } from '../../parts/go.tsx';
import { Nothing, QueryState } from '../../parts/query-state.tsx';
import { server } from '../../server.ts';
import { ImageView } from './blob-view.tsx';
import { CellsTable, splitTable } from './cells-table.tsx';
import { namesOf, useCompareAddress } from './compare-address.ts';
import { type LoggedMedium, loggedImages, loggedTables, mediumAt } from './logged-media.ts';
import { readArtifact } from './read-artifact.ts';
import { runColour } from './run-colour.ts';
import { Dot } from './run-dot.tsx';

const MOST_RUNS = 12;

async function readMedia(runs: readonly Run[]): Promise<ReadonlyMap<string, readonly LoggedMedium[]>> {
  const found = await Promise.all(
    runs.map(async (run) => {
      const { items } = await server().listArtifacts({ params: { run: run.runId }, query: { path: 'images' } });
      return [run.runId, [...loggedImages(items), ...loggedTables(run)]] as const;
    }),
  );
  return new Map(found);
}

function Medium({ run, medium }: { run: Run; medium: LoggedMedium }) {
  const query = useQuery({
    queryKey: ['artifact', run.runId, medium.path],
    queryFn: async () => {
      const blob = await readArtifact(run.runId, medium.path);
      return { blob, table: medium.kind === 'table' ? splitTable(await blob.text()) : null };
    },
  });
  return (
    <QueryState query={query} height={200}>
      {({ blob, table }) => {
        if (medium.kind === 'image') return <ImageView blob={blob} path={medium.path} />;
        return table === null ? <Nothing title="This is no table" /> : <CellsTable {...table} />;
      }}
    </QueryState>
  );
}

function MediumCard({ run, name, medium }: { run: Run; name: string; medium: LoggedMedium | null }) {
  return (
    <Card withBorder padding="xs">
      <Group gap={6} mb={4} wrap="nowrap">
        <Dot colour={runColour(run)} />
        <Go to={placeOf('runs', run.runId)}>{name}</Go>
        <Text size="xs" c="dimmed" ml="auto">
          {medium === null || medium.step === null ? '' : `step ${medium.step}`}
        </Text>
      </Group>
      {medium === null ? (
        <Text size="sm" c="dimmed" ta="center" py="lg">
          Not logged
        </Text>
      ) : (
        <Medium key={medium.path} run={run} medium={medium} />
      )}
    </Card>
  );
}

function StepSlider({ steps, step }: { steps: readonly number[]; step: number }) {
  const [, set] = useCompareAddress();
  if (steps.length < 2) return null;
  const place = Math.max(0, steps.indexOf(step));
  return (
    <Group gap="xs" miw={320}>
      <Text size="sm">Step {step}</Text>
      <Slider
        flex={1}
        thumbLabel="Step"
        label={(at) => steps[at]}
        min={0}
        max={steps.length - 1}
        value={place}
        onChange={(at) => set({ mediaStep: steps[at] })}
      />
    </Group>
  );
}

function SideBySide({ runs, media }: { runs: readonly Run[]; media: ReadonlyMap<string, readonly LoggedMedium[]> }) {
  const [{ media: chosen, mediaStep }, set] = useCompareAddress();
  const all = [...media.values()].flat();
  const keys = [...new Set(all.map(({ key }) => key))].sort();
  const key = chosen !== undefined && keys.includes(chosen) ? chosen : keys[0];
  if (key === undefined) {
    return (
      <Nothing title="No images or tables by step">
        Log them with <code>mlflow.log_image(image, key=…, step=…)</code> or <code>mlflow.log_table</code>.
      </Nothing>
    );
  }
  const steps = [...new Set(all.flatMap((one) => (one.key === key && one.step !== null ? one.step : [])))];
  steps.sort((a, b) => a - b);
  const step = steps.findLast((one) => one <= (mediaStep ?? Number.POSITIVE_INFINITY)) ?? steps[0] ?? 0;
  const names = namesOf(runs);
  const isTable = all.some((one) => one.key === key && one.kind === 'table');
  return (
    <Stack>
      <Group align="center">
        <Select
          aria-label="Images or table"
          searchable
          allowDeselect={false}
          data={keys}
          value={key}
          onChange={(to) => set({ media: to ?? undefined })}
        />
        <StepSlider steps={steps} step={step} />
      </Group>
      <SimpleGrid cols={{ base: 1, sm: 2, lg: isTable ? 2 : 3 }}>
        {runs.map((run) => (
          <MediumCard
            key={run.runId}
            run={run}
            name={names.get(run.runId) ?? run.runId}
            medium={mediumAt(media.get(run.runId) ?? [], key, step)}
          />
        ))}
      </SimpleGrid>
    </Stack>
  );
}

/** What the runs drew and tabulated, side by side at one step. */
export function CompareMedia({ runs }: { runs: readonly Run[] }) {
  const shown = runs.slice(0, MOST_RUNS);
  const query = useQuery({
    queryKey: ['run-media', shown.map(({ runId }) => runId)],
    queryFn: async () => await readMedia(shown),
  });
  return (
    <QueryState query={query} height={300}>
      {(media) => (
        <>
          {runs.length > MOST_RUNS ? (
            <Text size="xs" c="dimmed">
              The first {MOST_RUNS} of {runs.length} runs.
            </Text>
          ) : null}
          <SideBySide runs={shown} media={media} />
        </>
      )}
    </QueryState>
  );
}
