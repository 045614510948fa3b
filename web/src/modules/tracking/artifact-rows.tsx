import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { QueryState } from '../../parts/query-state.tsx';
import { RowsTable } from '../../parts/rows-table.tsx';
import { server } from '../../server.ts';

const PAGE_ROWS = 25;

/** A table that is too long to be fetched: the server reads a page of it. */
export function ArtifactRows({ run, path }: { run: string; path: string }) {
  const [offset, setOffset] = useState(0);
  const [order, setOrder] = useState<string>();
  const query = useQuery({
    queryKey: ['artifact-rows', run, path, offset, order],
    queryFn: () =>
      server().readArtifactRows({
        params: { run },
        query: { path, offset, limit: PAGE_ROWS, ...(order === undefined ? {} : { order }) },
      }),
    placeholderData: (old) => old,
    retry: false,
  });
  return (
    <QueryState query={query} height={480}>
      {({ columns, rows, total }) => (
        <RowsTable
          columns={columns}
          rows={rows}
          total={total}
          offset={offset}
          pageRows={PAGE_ROWS}
          onOffset={setOffset}
          order={order}
          onOrder={(next) => {
            setOrder(next);
            setOffset(0);
          }}
        />
      )}
    </QueryState>
  );
}
