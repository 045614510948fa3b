import type { Alert, Monitor, SignalValue } from '@flyball/api';
import { Card, Text } from '@mantine/core';
import { Chart, type Series } from '../../parts/chart.tsx';
import { formatNumber } from '../../parts/format.ts';

type Signal = Monitor['signals'][number];
type Rule = Monitor['rules'][number];

const time = ({ at }: SignalValue): number => Date.parse(at);

/** Values per slice; the whole comes first. */
function measured(values: readonly SignalValue[]): Series[] {
  const slices = [...new Set(values.map(({ slice }) => slice))].sort((a, b) => (a ?? '').localeCompare(b ?? ''));
  return slices.map((slice) => ({
    name: slice ?? 'value',
    points: values.filter((one) => one.slice === slice).map((one) => [time(one), one.value] as const),
  }));
}

/** A rule's bound in the unit of the signal, for each moment: one that is relative moves with the reference. */
function boundSeries(rule: Rule, values: readonly SignalValue[]): Series[] {
  const line = (name: string, level: (reference: number | null) => number | null): Series => ({
    name,
    dashed: true,
    points: values.map((one) => [time(one), level(one.reference)] as const),
  });
  const size = (reference: number | null): number | null => {
    if (rule.relativeTo === 'absolute') return rule.bound;
    return reference === null ? null : rule.bound * reference;
  };
  if (rule.direction !== 'away') return [line(`bound ${rule.id}`, size)];
  const beside = (sign: 1 | -1) => (reference: number | null) => {
    const distance = size(reference);
    return distance === null ? null : (reference ?? 0) + sign * Math.abs(distance);
  };
  return [line(`upper bound ${rule.id}`, beside(1)), line(`lower bound ${rule.id}`, beside(-1))];
}

const window = (seconds: number): string =>
  seconds % 86_400 === 0 ? `${seconds / 86_400} d` : `${formatNumber(seconds / 3600)} h`;

const kindName = (kind: string): string =>
  kind.replaceAll('_', ' ').replace(/\b(psi|ks|auc)\b/g, (word) => word.toUpperCase());

const describe = ({ kind, column, windowSeconds, slice }: Signal): string =>
  [
    kindName(kind),
    ...(kind.startsWith('latency') ? ['in milliseconds'] : []),
    ...(column === undefined ? [] : [`of ${column}`]),
    `over ${window(windowSeconds)}`,
    ...(slice === undefined ? [] : [`per ${slice}`]),
  ].join(' ');

/** One signal over event time, against its reference and the bounds of its rules, with its alerts marked. */
export function SignalChart({
  signal,
  rules,
  values,
  alerts,
}: {
  signal: Signal;
  rules: readonly Rule[];
  values: readonly SignalValue[];
  alerts: readonly Alert[];
}) {
  const whole = values.filter(({ slice }) => slice === null);
  const frame = whole.length > 0 ? whole : values;
  const hasReference = frame.some(({ reference }) => reference !== null);
  const last = frame.length === 0 ? 0 : Math.max(...frame.map(time));
  return (
    <Card withBorder padding="sm">
      <Chart
        title={signal.id}
        height={240}
        series={[
          ...measured(values),
          ...(hasReference
            ? [
                {
                  name: 'reference',
                  dashed: true,
                  points: frame.map((one) => [time(one), one.reference] as const),
                },
              ]
            : []),
          ...rules.flatMap((rule) => boundSeries(rule, frame)),
        ]}
        spans={alerts.map(({ rule, openedAt, resolvedAt }) => ({
          name: rule,
          from: Date.parse(openedAt),
          until: resolvedAt === null ? Math.max(last, Date.parse(openedAt)) : Date.parse(resolvedAt),
        }))}
      />
      <Text size="xs" c="dimmed">
        {describe(signal)}
      </Text>
    </Card>
  );
}
