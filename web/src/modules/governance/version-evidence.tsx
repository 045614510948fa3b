import type { Evidence, EvidenceSection } from '@flyball/api';
import { Button, Card, Group, Stack, Table, Text, Title, useMantineColorScheme } from '@mantine/core';
import { IconDownload, IconPrinter } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { Moment } from '../../parts/badges.tsx';
import { Digest } from '../../parts/digest.tsx';
import { Facts } from '../../parts/facts.tsx';
import { QueryState } from '../../parts/query-state.tsx';
import { server } from '../../server.ts';
import { EvaluationDetails } from '../registry/version-evaluations.tsx';
import { FileTable } from '../registry/version-files.tsx';
import { GateReportCard } from '../registry/version-gates.tsx';
import { ApprovalCard } from './approval-card.tsx';
import { EvidenceCode, EvidenceRun } from './evidence-origin.tsx';
import { EvidenceRollout } from './evidence-rollout.tsx';
import { EvidenceRows } from './evidence-rows.tsx';
import { EvidenceSummary, fourEyes } from './evidence-summary.tsx';

function save(name: string, value: unknown): void {
  const url = URL.createObjectURL(new Blob([JSON.stringify(value, null, 2)], { type: 'application/json' }));
  Object.assign(document.createElement('a'), { href: url, download: name }).click();
  URL.revokeObjectURL(url);
}

/** Paper is white: dark colours, charts included, give way for as long as the page is printed. */
function usePrint(): () => void {
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  return () => {
    setColorScheme('light');
    requestAnimationFrame(() =>
      requestAnimationFrame(() => {
        window.print();
        setColorScheme(colorScheme);
      }),
    );
  };
}

const missing: Readonly<Record<EvidenceSection['kind'], string>> = {
  data: 'The version does not say which rows it learned from.',
  code: 'Nothing is known about the program.',
  run: 'The version was registered without a run, or its run is on another server.',
  files: 'There are no files.',
  evaluation: 'It was never measured: run evaluation.evaluate in a pipeline.',
  gates: 'No gate was checked: run evaluation.gates in a pipeline.',
  approvals: 'Nobody has asked to roll it out.',
  rollout: 'It was never rolled out.',
  audit: 'Nothing is on record.',
};

function AuditTrail({ items }: { items: Extract<EvidenceSection, { kind: 'audit' }>['items'] }) {
  return (
    <Table fz="sm" verticalSpacing={4}>
      <Table.Thead>
        <Table.Tr>
          {['At', 'Action', 'By', 'Number'].map((title) => (
            <Table.Th key={title}>{title}</Table.Th>
          ))}
        </Table.Tr>
      </Table.Thead>
      <Table.Tbody>
        {items.map(({ id, at, action, actor }) => (
          <Table.Tr key={id}>
            <Table.Td>
              <Moment at={at} />
            </Table.Td>
            <Table.Td>{action}</Table.Td>
            <Table.Td>{actor}</Table.Td>
            <Table.Td>{id}</Table.Td>
          </Table.Tr>
        ))}
      </Table.Tbody>
    </Table>
  );
}

function contentOf(section: EvidenceSection): ReactNode {
  switch (section.kind) {
    case 'data':
      return <EvidenceRows items={section.items} />;
    case 'code':
      return section.items.map((item) => <EvidenceCode key={item.source} item={item} />);
    case 'run':
      return section.items.map((item) => <EvidenceRun key={item.runId} item={item} />);
    case 'files':
      return section.items.map((item) => (
        <Stack key={item.digest} gap="xs">
          <Facts facts={[['SHA-256 of all files', <Digest key="digest" value={item.digest} />]]} />
          <FileTable version={item} />
        </Stack>
      ));
    case 'evaluation':
      return section.items.map((item) => <EvaluationDetails key={item.id} evaluation={item} />);
    case 'gates':
      return section.items.map((item) => <GateReportCard key={item.id} report={item} />);
    case 'approvals':
      return section.items.map((item) => (
        <div key={item.id}>
          <ApprovalCard approval={item} />
          <Text size="sm" mt={4}>
            Four eyes: {fourEyes(item)}
          </Text>
        </div>
      ));
    case 'rollout':
      return section.items.map((item) => <EvidenceRollout key={item.id} rollout={item} />);
    case 'audit':
      return <AuditTrail items={section.items} />;
  }
}

function Section({ section }: { section: EvidenceSection }) {
  return (
    <Card withBorder padding="md" component="section" aria-label={section.title}>
      <Title order={3} size="h4" mb="xs">
        {section.title}
      </Title>
      {section.items.length === 0 ? (
        <Text size="sm" c="dimmed">
          {missing[section.kind]}
        </Text>
      ) : (
        <Stack>{contentOf(section)}</Stack>
      )}
    </Card>
  );
}

function Document({ evidence }: { evidence: Evidence }) {
  const { model, version, sections } = evidence;
  const print = usePrint();
  return (
    <Stack>
      <Group justify="space-between" align="flex-start">
        <Title order={3} size="h4">
          In short
        </Title>
        <Group gap="xs">
          <Button size="xs" variant="default" leftSection={<IconPrinter size={14} />} onClick={print}>
            Print
          </Button>
          <Button
            size="xs"
            variant="default"
            leftSection={<IconDownload size={14} />}
            onClick={() => save(`${model}-${version}-evidence.json`, evidence)}
          >
            JSON
          </Button>
        </Group>
      </Group>
      <EvidenceSummary evidence={evidence} />
      {sections.map((section) => (
        <Section key={section.kind} section={section} />
      ))}
    </Stack>
  );
}

/** What proves how the version came to be, to be read, printed and compared by one digest. */
export function VersionEvidence({ model, version }: { model: string; version: number }) {
  const query = useQuery({
    queryKey: ['models', model, version, 'evidence'],
    queryFn: () => server().getEvidence({ params: { model, version } }),
  });
  return (
    <QueryState query={query} height={400}>
      {(evidence) => <Document evidence={evidence} />}
    </QueryState>
  );
}
