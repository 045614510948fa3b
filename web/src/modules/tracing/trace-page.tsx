import type { Trace, TraceSpan } from '@flyball/api';
import { Alert, Card, Code, Grid, Group, Stack, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useParams } from '@tanstack/react-router';
import { Moment, StateBadge } from '../../parts/badges.tsx';
import { Facts } from '../../parts/facts.tsx';
import { formatSeconds } from '../../parts/format.ts';
import { Go, placeOf } from '../../parts/go.tsx';
import { Page } from '../../parts/page.tsx';
import { Nothing, QueryState } from '../../parts/query-state.tsx';
import { useAddress } from '../../parts/use-address.ts';
import { server } from '../../server.ts';
import { colourOfSpan, SpanWaterfall } from './span-waterfall.tsx';

const LIVE_MS = 2000;
const own: ReadonlySet<string> = new Set([
  'mlflow.spanInputs',
  'mlflow.spanOutputs',
  'mlflow.spanType',
  'mlflow.traceRequestId',
]);

function pretty(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}

function Said({ title, text }: { title: string; text: string | null | undefined }) {
  if (text === null || text === undefined || text === '') return null;
  return (
    <div>
      <Text size="xs" c="dimmed" mb={2}>
        {title}
      </Text>
      <Code block mah={280} style={{ overflow: 'auto' }}>
        {pretty(text)}
      </Code>
    </div>
  );
}

function SpanDetails({ span }: { span: TraceSpan }) {
  const others = Object.entries(span.attributes).filter(([key]) => !own.has(key));
  const events = span.events.map((event, place) => ({ event, place }));
  return (
    <Stack gap="sm">
      <Group gap="xs">
        <span style={{ width: 10, height: 10, borderRadius: 3, background: colourOfSpan(span) }} />
        <Text fw={600} style={{ overflowWrap: 'anywhere' }}>
          {span.name}
        </Text>
        <Text size="xs" c="dimmed">
          {span.type.toLowerCase().replaceAll('_', ' ')}
        </Text>
        <StateBadge state={span.status} />
      </Group>
      {span.statusMessage === '' ? null : <Alert color="red">{span.statusMessage}</Alert>}
      <Text size="sm">
        {span.durationMs === null ? 'Still running' : `Took ${formatSeconds(span.durationMs)}`}, began{' '}
        {formatSeconds(span.offsetMs)} after the first
      </Text>
      <Said title="Inputs" text={span.attributes['mlflow.spanInputs']} />
      <Said title="Outputs" text={span.attributes['mlflow.spanOutputs']} />
      {events.map(({ event, place }) => (
        <Said
          key={place}
          title={`Event: ${event.name}`}
          text={
            Object.entries(event.attributes)
              .map(([k, v]) => `${k}: ${v}`)
              .join('\n') || '–'
          }
        />
      ))}
      {others.length === 0 ? null : <Facts facts={others} />}
    </Stack>
  );
}

function Summary({ trace }: { trace: Trace }) {
  return (
    <Stack>
      <Facts
        facts={[
          ['Status', <StateBadge key="status" state={trace.status} />],
          ['Started', <Moment key="started" at={trace.startTime} />],
          ['Took', trace.durationMs === null ? '–' : formatSeconds(trace.durationMs)],
          ...(trace.runId === null
            ? []
            : [
                [
                  'Run',
                  <Go key="run" to={placeOf('runs', trace.runId)}>
                    {trace.runId}
                  </Go>,
                ] as const,
              ]),
          ...trace.assessments.map(
            ({ name, kind, value, rationale }) =>
              [`${name} (${kind})`, `${value}${rationale === null ? '' : `: ${rationale}`}`] as const,
          ),
        ]}
      />
      <Said title="Request" text={trace.requestPreview} />
      <Said title="Response" text={trace.responsePreview} />
      <Facts facts={Object.entries({ ...trace.tags, ...trace.metadata }).sort(([a], [b]) => (a < b ? -1 : 1))} />
    </Stack>
  );
}

interface StepsProps {
  readonly trace: Trace;
  readonly spans: readonly TraceSpan[];
  readonly isWhole: boolean;
  readonly problem: string | null;
}

function Steps({ trace, spans, isWhole, problem }: StepsProps) {
  const [{ span: chosen }, set] = useAddress<{ span?: string }>();
  const found = spans.find(({ spanId }) => spanId === String(chosen));
  return (
    <Grid>
      <Grid.Col span={{ base: 12, md: 7 }}>
        {isWhole || spans.length === 0 ? null : <Alert color="yellow">Some of the spans have not arrived.</Alert>}
        {spans.length === 0 ? (
          <Nothing title="No spans are here">{problem ?? 'They are still on their way.'}</Nothing>
        ) : (
          <SpanWaterfall
            spans={spans}
            chosen={found?.spanId}
            choose={(span) => set({ span: span === found?.spanId ? undefined : span })}
          />
        )}
      </Grid.Col>
      <Grid.Col span={{ base: 12, md: 5 }}>
        <Card withBorder>{found === undefined ? <Summary trace={trace} /> : <SpanDetails span={found} />}</Card>
      </Grid.Col>
    </Grid>
  );
}

/** A trace that came from OpenTelemetry has no name but that of its first span. */
const titleOf = (found: { trace: Trace; spans: readonly TraceSpan[] } | undefined): string | undefined =>
  found?.trace.name || found?.spans.find(({ parentId }) => parentId === null)?.name;

export function TracePage() {
  const { trace: traceId } = useParams({ strict: false }) as { trace: string };
  const query = useQuery({
    queryKey: ['traces', traceId],
    queryFn: () => server().getTrace({ params: { trace: traceId } }),
    refetchInterval: ({ state }) => (state.data?.trace.status === 'IN_PROGRESS' ? LIVE_MS : false),
  });
  return (
    <Page
      title={titleOf(query.data) || traceId}
      description={
        <Text span ff="monospace" size="xs">
          {traceId}
        </Text>
      }
      crumbs={[{ title: 'Traces', to: '/traces' }]}
    >
      <QueryState query={query} height={400}>
        {(found) => <Steps {...found} />}
      </QueryState>
    </Page>
  );
}
