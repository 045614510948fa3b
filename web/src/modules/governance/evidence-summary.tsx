import type { Approval, Evidence, EvidenceSection } from '@flyball/api';
import { Group, Text } from '@mantine/core';
import { Moment, StateBadge } from '../../parts/badges.tsx';
import { Digest } from '../../parts/digest.tsx';
import { Facts } from '../../parts/facts.tsx';
import { formatCount, formatMetric, formatNumber, formatRange } from '../../parts/format.ts';

type Kind = EvidenceSection['kind'];
type Items<K extends Kind> = Extract<EvidenceSection, { kind: K }>['items'];

/** The items of one kind of proof. */
function itemsOf<K extends Kind>({ sections }: Evidence, kind: K): Items<K> {
  return (sections.find((section) => section.kind === kind)?.items ?? []) as Items<K>;
}

/** Whether somebody else than who asked decided. */
export function fourEyes({ decisions, requestedBy }: Approval): string {
  const people = decisions.filter(({ by }) => !by.startsWith('policy ')).map(({ by }) => by);
  if (decisions.length === 0) return 'nobody has decided';
  if (people.length === 0) return 'no: the policy decided by itself, no person did';
  const others = people.filter((by) => by !== requestedBy);
  return others.length > 0
    ? `yes: ${requestedBy} asked, ${others.join(' and ')} decided`
    : `no: ${requestedBy} asked and decided`;
}

function State({ state, children }: { state: string | undefined; children: string }) {
  return (
    <Group gap="xs">
      {state === undefined ? null : <StateBadge state={state} />}
      <Text size="sm">{children}</Text>
    </Group>
  );
}

function rowsText(evidence: Evidence, use: 'training' | 'evaluation'): string {
  const sets = itemsOf(evidence, 'data').filter((item) => item.kind === 'training_set' && item.uses.includes(use));
  const texts = sets.map(({ rowCount, dataset, version }) => `${formatCount(rowCount)} rows of ${dataset}@${version}`);
  return texts.join(', ') || 'nothing on record';
}

function qualityText(evidence: Evidence): string {
  const metrics = itemsOf(evidence, 'evaluation')[0]?.metrics ?? [];
  const shown = metrics.filter(({ name }) => ['log_loss', 'auc', 'calibration_error', 'rmse'].includes(name));
  const texts = shown.map(
    ({ name, value, low, high }) => `${formatMetric(name)} ${formatNumber(value)} (${formatRange(low, high)})`,
  );
  return texts.join(', ') || 'never measured';
}

function gatesText(evidence: Evidence): string {
  const results = itemsOf(evidence, 'gates')[0]?.results;
  if (results === undefined) return 'no gate was checked';
  return `${results.filter(({ verdict }) => verdict === 'pass').length} of ${results.length} gates pass`;
}

function decisionText(approval: Approval | undefined): string {
  if (approval === undefined) return 'nobody has asked to roll it out';
  const last = approval.decisions.at(-1);
  return last === undefined ? `asked by ${approval.requestedBy}` : `by ${last.by}: ${last.reason}`;
}

/** The whole story of a version in a few lines, before the proof. */
export function EvidenceSummary({ evidence }: { evidence: Evidence }) {
  const approval = itemsOf(evidence, 'approvals')[0];
  const rollout = itemsOf(evidence, 'rollout')[0];
  const scan = itemsOf(evidence, 'files')[0]?.scan;
  return (
    <Facts
      facts={[
        ['Learned from', rowsText(evidence, 'training')],
        ['Measured on', rowsText(evidence, 'evaluation')],
        ['Quality, with 95 % intervals', qualityText(evidence)],
        [
          'Gates',
          <State key="gates" state={itemsOf(evidence, 'gates')[0]?.verdict}>
            {gatesText(evidence)}
          </State>,
        ],
        [
          'Approval',
          <State key="approval" state={approval?.state}>
            {decisionText(approval)}
          </State>,
        ],
        ...(approval === undefined ? [] : [['Four eyes', fourEyes(approval)] as const]),
        [
          'Rollout',
          <State key="rollout" state={rollout?.state}>
            {rollout === undefined ? 'it never was rolled out' : rollout.reason}
          </State>,
        ],
        [
          'Files',
          <State key="scan" state={scan?.verdict}>
            {`${itemsOf(evidence, 'files')[0]?.files.length ?? 0} files, scanned without running them`}
          </State>,
        ],
        ['SHA-256 of all evidence', <Digest key="digest" value={evidence.digest} />],
        ['Gathered', <Moment key="at" at={evidence.generatedAt} />],
      ]}
    />
  );
}
