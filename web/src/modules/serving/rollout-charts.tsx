import type { Rollout } from '@flyball/api';
import { SimpleGrid, Stack, Text, Title } from '@mantine/core';
import { StateBadge } from '../../parts/badges.tsx';
import { Chart, type Series } from '../../parts/chart.tsx';
import { formatCount } from '../../parts/format.ts';

type Check = Rollout['checks'][number];
type Evidence = Check['evidence'][number];

function over(checks: readonly Check[], metric: string, name: string, value: (evidence: Evidence) => number | null) {
  const points = checks.flatMap((check): (readonly [number, number | null])[] => {
    const evidence = check.evidence.find((one) => one.metric === metric);
    return evidence === undefined ? [] : [[Date.parse(check.at), value(evidence)]];
  });
  return { name, points } satisfies Series;
}

const estimateNames: Readonly<Record<string, string>> = {
  errors: 'Share of failed answers of the candidate',
  slow: 'Share of slow answers of the candidate',
  label_loss: 'Loss of the candidate minus loss of the champion, in pairs',
};

function MetricCharts({ rollout, metric }: { rollout: Rollout; metric: string }) {
  const { checks, plan } = rollout;
  const last = checks.at(-1)?.evidence.find((one) => one.metric === metric);
  return (
    <div>
      <Title order={5} mb="xs">
        {metric.replaceAll('_', ' ')} {last === undefined ? null : <StateBadge state={last.verdict} />}
      </Title>
      <Text size="xs" c="dimmed" mb="xs">
        {formatCount(last?.candidateCount)} of the candidate, {formatCount(last?.championCount)} of the champion
      </Text>
      <SimpleGrid cols={{ base: 1, md: 2 }}>
        <Chart
          title="Evidence that the candidate is worse (fail), and that it is within its margin (pass)"
          yName="ln E"
          series={[
            over(checks, metric, 'ln E fail', ({ logEFail }) => logEFail),
            over(checks, metric, 'ln E pass', ({ logEPass }) => logEPass),
          ]}
          bounds={[
            // Each metric may spend an equal part of alpha.
            { name: 'rolls back', y: Math.log(plan.metrics.length / plan.alpha) },
            { name: 'passes', y: Math.log(1 / plan.beta) },
          ]}
        />
        <Chart
          title={`${estimateNames[metric] ?? 'Estimate'}, with its interval that is valid at every look`}
          series={[
            over(checks, metric, 'estimate', ({ estimate }) => estimate),
            { ...over(checks, metric, 'low', ({ low }) => low), dashed: true },
            { ...over(checks, metric, 'high', ({ high }) => high), dashed: true },
          ]}
        />
      </SimpleGrid>
    </div>
  );
}

/** The test of a rollout as it accumulated, look by look, in event time. */
export function RolloutCharts({ rollout }: { rollout: Rollout }) {
  return (
    <Stack>
      <Chart
        title="Share of the traffic that the candidate answers, in percent"
        height={180}
        series={[
          {
            name: 'weight',
            step: true,
            points: rollout.checks.map(({ at, weight }) => [Date.parse(at), 100 * weight] as const),
          },
        ]}
      />
      {rollout.plan.metrics.map(({ kind }) => (
        <MetricCharts key={kind} rollout={rollout} metric={kind} />
      ))}
    </Stack>
  );
}
