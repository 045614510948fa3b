/** The cells of comma or tab separated text, with quotes as RFC 4180 has them; stops after so many rows. */
export function readCsv(text: string, separator: ',' | '\t', most: number): string[][] {
  const rows: string[][] = [];
  let row: string[] = [];
  const cell = new RegExp(`("(?:[^"]|"")*"?|[^${separator}\r\n]*)(${separator}|\r\n|\n|\r|$)`, 'y');
  while (cell.lastIndex < text.length && rows.length < most) {
    const [, raw = '', end = ''] = cell.exec(text) ?? [];
    row.push(raw.startsWith('"') ? raw.slice(1, raw.endsWith('"') ? -1 : undefined).replaceAll('""', '"') : raw);
    if (end === separator) {
      if (cell.lastIndex < text.length) continue;
      row.push('');
    }
    rows.push(row);
    row = [];
    if (cell.lastIndex === 0) break;
  }
  return rows;
}
