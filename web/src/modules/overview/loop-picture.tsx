import { Card, ScrollArea, Text } from '@mantine/core';
import {
  IconArrowDown,
  IconArrowLeft,
  IconArrowRight,
  IconArrowUp,
  IconChartHistogram,
  IconCube,
  IconDatabase,
  IconFlask,
  IconPlugConnected,
  IconProgressCheck,
  IconShieldCheck,
  IconTable,
} from '@tabler/icons-react';
import { Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { StateBadge } from '../../parts/badges.tsx';
import { formatCount, formatMetric, formatNumber } from '../../parts/format.ts';
import { linkTo, placeOf } from '../../parts/go.tsx';
import type { Loop } from './read-loop.ts';

interface Station {
  readonly title: string;
  readonly icon: typeof IconCube;
  readonly to: string;
  readonly search?: { readonly tab: string };
  readonly state: ReactNode;
  readonly facts: readonly string[];
}

const plural = (count: number, thing: string): string => `${formatCount(count)} ${thing}${count === 1 ? '' : 's'}`;

/** The metrics that say most about a run, best first. */
const telling = ['validation_log_loss', 'log_loss', 'validation_rmse', 'rmse', 'validation_loss', 'loss'];

function madeFrom(loop: Loop): readonly Station[] {
  const { dataset, views, run, latest, pipelineRuns } = loop;
  const metric = telling.find((name) => typeof run?.metrics[name]?.value === 'number');
  const usedViews = new Set(latest?.inputs.flatMap(({ from }) => (from.kind === 'feature' ? [from.view] : [])));
  return [
    {
      title: 'Data',
      icon: IconDatabase,
      to: dataset === null ? '/datasets' : placeOf('datasets', dataset.name),
      state: dataset === null ? 'none' : `${dataset.name}@${dataset.latestVersion ?? '–'}`,
      facts: dataset === null ? [] : [plural(dataset.rowCount, 'row')],
    },
    {
      title: 'Features',
      icon: IconTable,
      to: '/features',
      state: plural(views.length, 'view'),
      facts: usedViews.size === 0 ? ['none used online'] : [`online: ${[...usedViews].join(', ')}`],
    },
    {
      title: 'Training run',
      icon: IconFlask,
      to: run === null ? '/runs' : placeOf('runs', run.runId),
      state: run === null ? 'none' : <StateBadge state={run.status} />,
      facts: [
        ...(run === null ? [] : [run.name]),
        ...(metric === undefined ? [] : [`${formatMetric(metric)} ${formatNumber(run?.metrics[metric]?.value)}`]),
        ...(pipelineRuns[0] === undefined ? [] : [`pipeline ${pipelineRuns[0].pipeline} runs`]),
      ],
    },
    {
      title: 'Model version',
      icon: IconCube,
      to: latest === null ? '/models' : placeOf('models', latest.model, latest.version),
      state: latest === null ? 'none' : `${latest.model}@${latest.version}`,
      facts: latest === null ? [] : [`scan ${latest.scan.verdict}`, ...latest.aliases.map((alias) => `is ${alias}`)],
    },
  ];
}

function gatesOf({ latest, gates }: Loop): Station {
  const passed = gates?.results.filter(({ verdict }) => verdict === 'pass').length;
  return {
    title: 'Gates',
    icon: IconShieldCheck,
    to: latest === null ? '/models' : placeOf('models', latest.model, latest.version),
    search: { tab: 'gates' },
    state: gates === null ? 'not checked' : <StateBadge state={gates.verdict} />,
    facts: gates === null ? [] : [`${passed} of ${gates.results.length} pass`],
  };
}

function rolloutFacts({ rollout, pendingApprovals }: Loop): readonly string[] {
  const waits = pendingApprovals === 0 ? [] : [`${plural(pendingApprovals, 'approval')} wait`];
  if (rollout === null) return waits;
  const weight = rollout.plan.steps[rollout.step]?.weight ?? 1;
  const step = `step ${rollout.step + 1} of ${rollout.plan.steps.length}`;
  return [`version ${rollout.candidate}`, `${step}: ${weight === 0 ? 'shadow' : `${weight * 100} %`}`, ...waits];
}

function liveWith(loop: Loop): readonly Station[] {
  const { endpoint, rollout, alerts, monitors } = loop;
  const home = placeOf('endpoints', endpoint.name);
  return [
    {
      title: 'Rollout',
      icon: IconProgressCheck,
      to: home,
      search: { tab: 'rollouts' },
      state: rollout === null ? 'none running' : <StateBadge state={rollout.state} />,
      facts: rolloutFacts(loop),
    },
    {
      title: 'Production',
      icon: IconPlugConnected,
      to: home,
      state: endpoint.champion === null ? 'no champion' : `champion ${endpoint.champion}`,
      facts: [plural(endpoint.predictions, 'prediction'), plural(endpoint.labels, 'label')],
    },
    {
      title: 'Monitoring',
      icon: IconChartHistogram,
      to: monitors[0] === undefined ? '/monitors' : placeOf('monitors', monitors[0].name),
      state: monitors.length === 0 ? 'none' : <StateBadge state={alerts.length > 0 ? 'alert' : monitors[0]!.state} />,
      facts: alerts.length === 0 ? ['no open alert'] : [plural(alerts.length, 'open alert'), alerts[0]!.message],
    },
  ];
}

function StationCard({ station, column, row }: { station: Station; column: number; row: number }) {
  const { title, icon: Icon, to, search = {}, state, facts } = station;
  return (
    <Card
      component={Link}
      {...linkTo(to, search)}
      withBorder
      padding="sm"
      style={{ gridColumn: column, gridRow: row, minHeight: 128, color: 'inherit' }}
    >
      <Text size="xs" c="dimmed" component="div" style={{ display: 'flex', gap: 6, alignItems: 'center' }}>
        <Icon size={16} /> {title}
      </Text>
      <Text fw={600} size="sm" component="div" truncate my={4}>
        {state}
      </Text>
      {facts.map((fact) => (
        <Text key={fact} size="xs" c="dimmed" lineClamp={2} title={fact}>
          {fact}
        </Text>
      ))}
    </Card>
  );
}

function Arrow({ icon: Icon, column, row }: { icon: typeof IconArrowUp; column: number; row: number }) {
  return <Icon aria-hidden opacity={0.5} style={{ gridColumn: column, gridRow: row, placeSelf: 'center' }} />;
}

/** The loop of one endpoint: what production is made from above, what happens to it below, and back. */
export function LoopPicture({ loop }: { loop: Loop }) {
  const above = madeFrom(loop);
  const below = [gatesOf(loop), ...liveWith(loop)];
  return (
    <ScrollArea>
      <nav
        aria-label={`The loop of ${loop.endpoint.name}`}
        style={{
          display: 'grid',
          minWidth: 760,
          gridTemplateColumns: 'minmax(0, 1fr) 32px minmax(0, 1fr) 32px minmax(0, 1fr) 32px minmax(0, 1fr)',
          gridTemplateRows: 'auto 36px auto',
        }}
      >
        {above.map((station, place) => (
          <StationCard key={station.title} station={station} column={1 + 2 * place} row={1} />
        ))}
        {[2, 4, 6].map((column) => (
          <Arrow key={column} icon={IconArrowRight} column={column} row={1} />
        ))}
        <Arrow icon={IconArrowDown} column={7} row={2} />
        {below.map((station, place) => (
          <StationCard key={station.title} station={station} column={7 - 2 * place} row={3} />
        ))}
        {[6, 4, 2].map((column) => (
          <Arrow key={column} icon={IconArrowLeft} column={column} row={3} />
        ))}
        <Arrow icon={IconArrowUp} column={1} row={2} />
      </nav>
    </ScrollArea>
  );
}
