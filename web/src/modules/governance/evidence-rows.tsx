import type { EvidenceSection } from '@flyball/api';
import { Stack, Table, Text, Title } from '@mantine/core';
import { Moment, StateBadge } from '../../parts/badges.tsx';
import { Digest } from '../../parts/digest.tsx';
import { Facts } from '../../parts/facts.tsx';
import { formatCount } from '../../parts/format.ts';
import { Go, placeOf } from '../../parts/go.tsx';

type Item = Extract<EvidenceSection, { kind: 'data' }>['items'][number];
type DatasetRows = Extract<Item, { kind: 'dataset_version' }>;
type TrainingRows = Extract<Item, { kind: 'training_set' }>;

const useNames = { training: 'learned from', evaluation: 'measured on' } as const;
const usesText = ({ uses }: Item): string => uses.map((use) => useNames[use]).join(', ');

function Verdict({ rows: { verdict, validationId } }: { rows: DatasetRows }) {
  if (validationId === null) return <Text size="sm">no contract</Text>;
  return (
    <Go to={placeOf('validations', validationId)}>
      <StateBadge state={verdict} />
    </Go>
  );
}

function Datasets({ datasets }: { datasets: readonly DatasetRows[] }) {
  return (
    <Table.ScrollContainer minWidth={760}>
      <Table fz="sm">
        <Table.Thead>
          <Table.Tr>
            <Table.Th>Dataset version</Table.Th>
            <Table.Th>Was</Table.Th>
            <Table.Th ta="right">Rows</Table.Th>
            <Table.Th>Contract</Table.Th>
            <Table.Th>Source</Table.Th>
            <Table.Th>SHA-256</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {datasets.map((rows) => (
            <Table.Tr key={`${rows.dataset}@${rows.version}`}>
              <Table.Td>
                <Go to={placeOf('datasets', rows.dataset)} search={{ version: rows.version }}>
                  {`${rows.dataset}@${rows.version}`}
                </Go>
              </Table.Td>
              <Table.Td>{usesText(rows)}</Table.Td>
              <Table.Td ta="right">{formatCount(rows.rowCount)}</Table.Td>
              <Table.Td>
                <Verdict rows={rows} />
              </Table.Td>
              <Table.Td>
                {rows.source || 'not said'}
                <Text size="xs" c="dimmed" component="div">
                  by {rows.createdBy}, <Moment at={rows.createdAt} size="xs" />
                </Text>
              </Table.Td>
              <Table.Td>
                <Digest value={rows.digest} />
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  );
}

const day = (time: string | undefined, open: string): string =>
  time === undefined ? open : time.slice(0, 16).replace('T', ' ');

const columnText = ([name, sql]: [string, string]): string => (name === sql ? name : `${name}: ${sql}`);

function featureText({ spec, viewVersions }: TrainingRows): string {
  const texts = spec.features.map(
    ({ as, view, feature, key }) => `${as}: ${view}@${viewVersions[view] ?? '?'}.${feature} by ${key}`,
  );
  return texts.join('; ') || 'none';
}

function TrainingSet({ rows }: { rows: TrainingRows }) {
  const { spec, id, digest, rowCount, dataset, version } = rows;
  const { sample, where } = spec;
  return (
    <div>
      <Title order={4} size="sm">
        Training set that it was {usesText(rows)}
      </Title>
      <Facts
        facts={[
          [
            'Id',
            <Go key="id" to="/lineage" search={{ kind: 'training_set', id }}>
              {id}
            </Go>,
          ],
          ['Rows', `${formatCount(rowCount)} of ${dataset}@${version}`],
          ['Period', `${day(spec.from, 'the beginning')} … ${day(spec.until, 'the end')} by ${spec.at}`],
          ...(spec.knownUntil === undefined ? [] : [['Knows nothing after', day(spec.knownUntil, '')] as const]),
          ...(where === undefined ? [] : [['Only where', <code key="where">{where}</code>] as const]),
          ['Label', <code key="label">{`${spec.label.name}: ${spec.label.sql}`}</code>],
          ['Columns', Object.entries(spec.columns).map(columnText).join(', ')],
          ['Features', featureText(rows)],
          ...(sample === undefined
            ? []
            : [['Sample', `${formatCount(sample.rows)} rows at random, seed ${sample.seed}`] as const]),
          ['SHA-256', <Digest key="digest" value={digest} />],
        ]}
      />
    </div>
  );
}

/** The rows behind a version: what it learned from and what it was measured on, with digests. */
export function EvidenceRows({ items }: { items: readonly Item[] }) {
  return (
    <Stack>
      <Datasets datasets={items.filter((item) => item.kind === 'dataset_version')} />
      {items
        .filter((item) => item.kind === 'training_set')
        .map((rows) => (
          <TrainingSet key={rows.id} rows={rows} />
        ))}
    </Stack>
  );
}
