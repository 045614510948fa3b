import { environment } from './environment.ts';

const isTerminal = process.stdout.isTTY === true && !environment.noColor;
const paint =
  (code: number) =>
  (text: string): string =>
    isTerminal ? `\u001b[${code}m${text}\u001b[0m` : text;

export const colour = { red: paint(31), green: paint(32), yellow: paint(33), dim: paint(2), bold: paint(1) } as const;

export function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

export function printError(text: string): void {
  process.stderr.write(`${text}\n`);
}

export function printJson(value: unknown): void {
  print(JSON.stringify(value, null, 2));
}

const show = (value: unknown): string => {
  if (value === null || value === undefined) return '-';
  if (typeof value === 'number') return Number.isInteger(value) ? String(value) : value.toPrecision(6);
  if (typeof value === 'object') return JSON.stringify(value);
  return String(value);
};

/** Control characters in stored names must not reach a terminal. */
export const clean = (text: string): string => text.replace(/\p{Cc}/gu, '�');

/** Rows as aligned columns: title → how to get the cell. */
export function printTable<T>(rows: readonly T[], columns: Readonly<Record<string, (row: T) => unknown>>): void {
  const titles = Object.keys(columns);
  if (rows.length === 0) {
    print(colour.dim('nothing yet'));
    return;
  }
  const cells = rows.map((row) => titles.map((title) => clean(show(columns[title]!(row)))));
  const widths = titles.map((title, i) => Math.max(title.length, ...cells.map((line) => line[i]!.length)));
  const line = (parts: readonly string[]): string =>
    parts
      .map((part, i) => part.padEnd(widths[i]!))
      .join('  ')
      .trimEnd();
  print(colour.bold(line(titles)));
  for (const cell of cells) print(line(cell));
}

/** A bar on a terminal; nothing where nobody looks. */
export function progressBar(title: string, total: number): { add(amount: number): void; end(): void } {
  let done = 0;
  let shown = -1;
  const draw = (): void => {
    const share = total === 0 ? 1 : Math.min(1, done / total);
    const percent = Math.floor(share * 100);
    if (percent === shown || process.stderr.isTTY !== true) return;
    shown = percent;
    const bar = '█'.repeat(Math.round(share * 30)).padEnd(30, '░');
    process.stderr.write(`\r${title} ${bar} ${percent} %`);
  };
  return {
    add: (amount) => {
      done += amount;
      draw();
    },
    end: () => {
      if (process.stderr.isTTY === true) process.stderr.write('\n');
    },
  };
}
