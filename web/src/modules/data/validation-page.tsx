import type { ExpectationResult } from '@flyball/api';
import { Anchor, Stack, Table, Text, Title } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useNavigate, useParams, useSearch } from '@tanstack/react-router';
import { StateBadge } from '../../parts/badges.tsx';
import { formatCount } from '../../parts/format.ts';
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
          <Anchor component="button" size="sm" onClick={() => choose(result.id)}>
            show rows
          </Anchor>
        ) : null}
      </Table.Td>
    </Table.Tr>
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
  return (
    <QueryState query={query}>
      {({ dataset, version, verdict, rowCount, results }) => (
        <Page
          title={version === null ? 'A refused batch' : `Version ${version}`}
          crumbs={[
            { title: 'Datasets', to: '/datasets' },
            { title: dataset, to: `/datasets/${dataset}` },
          ]}
          description={`${formatCount(rowCount)} rows against ${results.length} expectations`}
          actions={<StateBadge state={verdict} />}
        >
          <Table>
            <Table.Tbody>
              {[...results]
                .sort((a, b) => Number(a.success) - Number(b.success))
                .map((result) => (
                  <ResultRow key={result.id} result={result} choose={choose} />
                ))}
            </Table.Tbody>
          </Table>
          {expectation === undefined ? null : <FailingRows validation={validation} expectation={expectation} />}
        </Page>
      )}
    </QueryState>
  );
}
