import { ScrollArea, Table, Text } from '@mantine/core';
import { Nothing } from '../../parts/query-state.tsx';
import { readCsv } from '../../parts/read-csv.ts';

const SHOWN_ROWS = 500;

/** Cells of a file as they are, the first rows of them. */
export function CellsTable({ heads, rows }: { heads: readonly string[]; rows: readonly (readonly string[])[] }) {
  if (heads.length === 0) return <Nothing title="An empty table" />;
  const columns = heads.map((head, column) => ({ head, column }));
  const numbered = rows.slice(0, SHOWN_ROWS).map((cells, number) => ({ cells, number }));
  return (
    <>
      {rows.length > SHOWN_ROWS ? (
        <Text size="xs" c="dimmed">
          The first {SHOWN_ROWS} rows; the file holds all.
        </Text>
      ) : null}
      <ScrollArea.Autosize mah={480}>
        <Table stickyHeader fz="sm" verticalSpacing={4}>
          <Table.Thead>
            <Table.Tr>
              {columns.map(({ head, column }) => (
                <Table.Th key={column}>{head}</Table.Th>
              ))}
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {numbered.map(({ cells, number }) => (
              <Table.Tr key={number}>
                {columns.map(({ column }) => (
                  <Table.Td key={column}>{cells[column]}</Table.Td>
                ))}
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </ScrollArea.Autosize>
    </>
  );
}

export function CsvView({ text, path }: { text: string; path: string }) {
  const [heads = [], ...rows] = readCsv(text, /\.tsv$/i.test(path) ? '\t' : ',', SHOWN_ROWS + 2);
  return <CellsTable heads={heads} rows={rows} />;
}

const shown = (value: unknown): string => (typeof value === 'string' ? value : (JSON.stringify(value) ?? ''));

/** A table as `log_table` of MLflow and `to_json(orient="split")` of pandas write it; null where it is none. */
export function splitTable(text: string): { heads: string[]; rows: string[][] } | null {
  try {
    const { columns, data } = JSON.parse(text) as { columns?: unknown; data?: unknown };
    if (!Array.isArray(columns) || !Array.isArray(data) || !data.every(Array.isArray)) return null;
    return { heads: columns.map(shown), rows: data.map((row: unknown[]) => row.map(shown)) };
  } catch {
    return null;
  }
}
