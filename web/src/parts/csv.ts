// A formula in a cell must not run in the spreadsheet that opens the file.
const cell = (text: string): string =>
  `"${(/^[=+\-@\t\r]/.test(text) && Number.isNaN(Number(text)) ? `'${text}` : text).replaceAll('"', '""')}"`;

export type CsvRow = readonly (string | number | null | undefined)[];

const csvText = (rows: readonly CsvRow[]): string =>
  rows.map((row) => row.map((value) => cell(String(value ?? ''))).join(',')).join('\n');

/** Hands the browser a file. */
export function saveFile(name: string, blob: Blob): void {
  const url = URL.createObjectURL(blob);
  Object.assign(document.createElement('a'), { href: url, download: name }).click();
  URL.revokeObjectURL(url);
}

export const saveCsv = (name: string, rows: readonly CsvRow[]): void =>
  saveFile(name, new Blob([csvText(rows)], { type: 'text/csv' }));
