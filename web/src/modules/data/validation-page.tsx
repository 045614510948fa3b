import type { ExpectationResult } from '@flyball/api';
import { Anchor, Stack, Table, Text, Title } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useNavigate, useParams, useSearch } from '@tanstack/react-router';
import { StateBadge } from '../../parts/badges.tsx';
import { formatCount } from '../../parts/format.ts';
import { placeOf } from '../../parts/go.tsx';
import { Page } from '../../parts/page.tsx';
import { QueryState } from '../../parts/query-state.tsx';
import { RowsTable } from '../../parts/rows-table.tsx';
import { server } from '../../server.ts';

function FailingRows({ validation, expectation }: { validation: string; expectation: string }) {
  const query = useQuery({
    queryKey: ['datasets', 'failing', validation, expectation],
    queryFn: () => server().readFailingRows({ params: { validation }, query: { expectation, limit: 100 } }),
  });
  return (
    <Stack gap="xs">
      <Title order={4}>Rows that broke “{expectation}”</Title>
      <QueryState query={query}>{(found) => <RowsTable {...found} />}</QueryState>
    </Stack>
  );
}

function ResultRow({ result, choose }: { result: ExpectationResult; choose: (id: string) => void }) {
  return (
    <Table.Tr>
      <Table.Td>
        <StateBadge state={result.success ? 'pass' : 'fail'} />
      </Table.Td>
      <Table.Td>{result.id}</Table.Td>
      <Table.Td>
        <StateBadge state={result.severity} />
      </Table.Td>
      <Table.Td>
        {result.message}
        {result.examples.length === 0 ? null : (
          <Text size="xs" c="dimmed">
            for example {result.examples.slice(0, 5).map(String).join(', ')}
          </Text>
        )}
      </Table.Td>
      <Table.Td>
        {result.hasFailingRows ? (
          <Anchor component="button" size="sm" style={{ whiteSpace: 'nowrap' }} onClick={() => choose(result.id)}>
            show rows
          </Anchor>
        ) : null}
      </Table.Td>
    </Table.Tr>
  );
}

function Results({ results, choose }: { results: readonly ExpectationResult[]; choose: (id: string) => void }) {
  return (
    <Table>
      <Table.Thead>
        <Table.Tr>
          {['Verdict', 'Expectation', 'Severity', 'Found', 'Rows'].map((head) => (
            <Table.Th key={head}>{head}</Table.Th>
          ))}
        </Table.Tr>
      </Table.Thead>
      <Table.Tbody>
        {[...results]
          .sort((a, b) => Number(a.success) - Number(b.success))
          .map((result) => (
            <ResultRow key={result.id} result={result} choose={choose} />
          ))}
      </Table.Tbody>
    </Table>
  );
}

export function ValidationPage() {
  const { validation } = useParams({ strict: false }) as { validation: string };
  const { expectation } = useSearch({ strict: false }) as { expectation?: string };
  const navigate = useNavigate();
  const query = useQuery({
    queryKey: ['datasets', 'validation', validation],
    queryFn: () => server().getValidation({ params: { validation } }),
  });
  const choose = (id: string) => void navigate({ to: '.', search: { expectation: id }, replace: true });
  const { dataset, version, verdict, rowCount, results = [] } = query.data ?? {};
  return (
    <Page
      title={dataset === undefined ? 'Validation' : version === null ? 'A refused batch' : `Version ${version}`}
      crumbs={[
        { title: 'Datasets', to: '/datasets' },
        ...(dataset === undefined ? [] : [{ title: dataset, to: placeOf('datasets', dataset) }]),
      ]}
      description={
        dataset === undefined ? undefined : `${formatCount(rowCount)} rows against ${results.length} expectations`
      }
      actions={verdict === undefined ? null : <StateBadge state={verdict} />}
    >
      <QueryState query={query} height={400}>
        {(found) => <Results results={found.results} choose={choose} />}
      </QueryState>
      {expectation === undefined ? null : <FailingRows validation={validation} expectation={expectation} />}
    </Page>
  );
}
