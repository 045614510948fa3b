import type { Approval } from '@flyball/api';
import { Card, Group, List, Text, ThemeIcon } from '@mantine/core';
import { IconCheck, IconX } from '@tabler/icons-react';
import type { ReactNode } from 'react';
import { Moment, StateBadge } from '../../parts/badges.tsx';
import { shortenMoments } from '../../parts/format.ts';
import { Go, placeOf } from '../../parts/go.tsx';

function Findings({ findings }: { findings: Approval['findings'] }) {
  return (
    <List size="sm" spacing={2} my="xs">
      {findings.map(({ rule, ok, message }) => (
        <List.Item
          key={`${rule} ${message}`}
          icon={
            <ThemeIcon
              size={18}
              radius="xl"
              variant="light"
              color={ok ? 'green' : 'red'}
              aria-label={ok ? 'ok' : 'broken'}
            >
              {ok ? <IconCheck size={12} /> : <IconX size={12} />}
            </ThemeIcon>
          }
        >
          {rule.replaceAll('_', ' ')}: {shortenMoments(message)}
        </List.Item>
      ))}
    </List>
  );
}

/** One request to roll out: what the policy found, who decided, and why. */
export function ApprovalCard({ approval, action }: { approval: Approval; action?: ReactNode }) {
  const { model, version, endpoint, state, policy, decisions, rolloutId } = approval;
  return (
    <Card withBorder padding="sm">
      <Group justify="space-between">
        <Group gap="xs">
          <StateBadge state={state} />
          <Go to={placeOf('models', model, version)}>
            {model}@{version}
          </Go>
          <Text size="sm">for</Text>
          <Go to={placeOf('endpoints', endpoint)}>{endpoint}</Go>
        </Group>
        {action}
      </Group>
      <Text size="xs" c="dimmed" component="div">
        Asked by {approval.requestedBy}, <Moment at={approval.requestedAt} size="xs" />,{' '}
        {policy === null ? 'no policy' : `policy ${policy}`}
      </Text>
      <Findings findings={approval.findings} />
      {decisions.map(({ by, decision, reason, at }) => (
        <Text key={`${by} ${at}`} size="sm" component="div">
          {decision === 'approve' ? 'Approved' : 'Rejected'} by {by}, <Moment at={at} />: {reason}
        </Text>
      ))}
      {rolloutId === null ? null : (
        <Go to={placeOf('endpoints', endpoint)} search={{ tab: 'rollouts', rollout: rolloutId }}>
          Its rollout
        </Go>
      )}
    </Card>
  );
}
