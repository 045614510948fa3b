import { Badge, type MantineColor, Text, Tooltip } from '@mantine/core';

const colours: Readonly<Record<string, MantineColor>> = {
  pass: 'green',
  ok: 'green',
  safe: 'green',
  succeeded: 'green',
  promoted: 'green',
  approved: 'green',
  resolved: 'green',
  FINISHED: 'green',
  accepted: 'green',
  ready: 'green',
  warn: 'yellow',
  not_enough_data: 'yellow',
  needs_review: 'orange',
  unknown: 'orange',
  pending: 'yellow',
  queued: 'gray',
  skipped: 'gray',
  no_data: 'gray',
  running: 'blue',
  RUNNING: 'blue',
  rollout_runs: 'blue',
  fail: 'red',
  failed: 'red',
  FAILED: 'red',
  refused: 'red',
  rolled_back: 'red',
  rejected: 'red',
  malicious: 'red',
  invalid: 'red',
  alert: 'red',
  open: 'red',
  critical: 'red',
  warning: 'yellow',
  cancelled: 'gray',
  aborted: 'gray',
  KILLED: 'gray',
  OK: 'green',
  ERROR: 'red',
  IN_PROGRESS: 'blue',
};

// A badge that is cut to "fa…" says nothing: the table scrolls instead.
const whole = { root: { flexShrink: 0, overflow: 'visible' }, label: { overflow: 'visible' } };

/** A state in words and colour; the words carry it. */
export function StateBadge({ state }: { state: string }) {
  return (
    <Badge color={colours[state] ?? 'gray'} variant="light" tt="none" styles={whole}>
      {state.replaceAll('_', ' ')}
    </Badge>
  );
}

/** A moment, short; the exact one on hover. */
export function Moment({ at, size = 'sm' }: { at: string | number | null | undefined; size?: 'xs' | 'sm' }) {
  if (at === null || at === undefined)
    return (
      <Text span c="dimmed">
        –
      </Text>
    );
  const iso = new Date(at).toISOString();
  return (
    <Tooltip label={`${iso} UTC`}>
      <Text span size={size} style={{ whiteSpace: 'nowrap' }}>
        {iso.slice(0, 16).replace('T', ' ')}
      </Text>
    </Tooltip>
  );
}
