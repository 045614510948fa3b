import type { EvidenceSection, MetricEvidence, RolloutCheck, RolloutPlan } from '@flyball/api';
import { Card, Group, Table, Text } from '@mantine/core';
import { Moment, StateBadge } from '../../parts/badges.tsx';
import { Facts } from '../../parts/facts.tsx';
import { formatCount, formatNumber, formatRange } from '../../parts/format.ts';
import { Go, placeOf } from '../../parts/go.tsx';
import { risksText, stepName, stepsText, testName } from '../serving/rollout-plan-text.ts';

type Rollout = Extract<EvidenceSection, { kind: 'rollout' }>['items'][number];

function Test({ plan, evidence }: { plan: RolloutPlan; evidence: MetricEvidence }) {
  const { metric, verdict, estimate, low, high, logEFail, logEPass, candidateCount, championCount } = evidence;
  return (
    <Table.Tr>
      <Table.Td>{testName(plan, metric)}</Table.Td>
      <Table.Td>
        <StateBadge state={verdict} />
      </Table.Td>
      <Table.Td ta="right">
        {formatNumber(estimate)}
        {low === null || high === null ? null : (
          <Text size="xs" c="dimmed">
            {formatRange(low, high)}
          </Text>
        )}
      </Table.Td>
      <Table.Td ta="right">{formatNumber(logEFail)}</Table.Td>
      <Table.Td ta="right">{formatNumber(logEPass)}</Table.Td>
      <Table.Td ta="right">
        {formatCount(candidateCount)} / {formatCount(championCount)}
      </Table.Td>
    </Table.Tr>
  );
}

function Step({ plan, check }: { plan: RolloutPlan; check: RolloutCheck }) {
  const { step, weight, verdict, reason, at, evidence } = check;
  const worse = formatNumber(Math.log(plan.metrics.length / plan.alpha), 3);
  const fine = formatNumber(Math.log(1 / plan.beta), 3);
  return (
    <Card withBorder padding="xs" mt="xs">
      <Group gap="xs">
        <Text fw={600} size="sm">
          Step {step + 1}: {stepName(weight)}
        </Text>
        <StateBadge state={verdict} />
        <Moment at={at} />
      </Group>
      <Text size="sm">{reason}</Text>
      <Table.ScrollContainer minWidth={760}>
        <Table fz="xs" verticalSpacing={4}>
          <Table.Thead>
            <Table.Tr>
              <Table.Th>Test</Table.Th>
              <Table.Th>Verdict</Table.Th>
              <Table.Th ta="right">Candidate, or difference</Table.Th>
              <Table.Th ta="right">ln E for “worse” (fails from {worse})</Table.Th>
              <Table.Th ta="right">ln E for “within” (passes from {fine})</Table.Th>
              <Table.Th ta="right">Answers: candidate / champion</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {evidence.map((one) => (
              <Test key={one.metric} plan={plan} evidence={one} />
            ))}
          </Table.Tbody>
        </Table>
      </Table.ScrollContainer>
    </Card>
  );
}

/** How a version reached the traffic or did not: each step with the tests that decided it. */
export function EvidenceRollout({ rollout }: { rollout: Rollout }) {
  const { id, endpoint, champion, candidate, plan, state, reason, stepChecks, looks, startedBy } = rollout;
  return (
    <div>
      <Facts
        facts={[
          [
            'Rollout',
            <Group key="rollout" gap="xs">
              <StateBadge state={state} />
              <Go to={placeOf('endpoints', endpoint)} search={{ tab: 'rollouts', rollout: id }}>
                {`version ${candidate} on ${endpoint}`}
              </Go>
            </Group>,
          ],
          ['Why', reason],
          ['Against', champion === null ? 'nothing: there was no champion' : `champion ${champion}`],
          [
            'Started',
            <span key="started">
              <Moment at={rollout.startedAt} /> by {startedBy}
            </span>,
          ],
          ['Ended', <Moment key="ended" at={rollout.endedAt} />],
          [
            'Traffic it saw',
            <span key="traffic">
              <Moment at={rollout.firstEventAt} /> … <Moment at={rollout.lastEventAt} />,{' '}
              {formatCount(rollout.candidateAnswered)} answers of the candidate, looked at {formatCount(looks)} times
            </span>,
          ],
          ['Planned steps', stepsText(plan)],
          ['Risks of the test', risksText(plan)],
        ]}
      />
      {stepChecks.map((check) => (
        <Step key={check.step} plan={plan} check={check} />
      ))}
    </div>
  );
}
