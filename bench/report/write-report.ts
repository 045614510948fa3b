// What all benchmarks write beside their figures, and how they sum rounds up.
import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import { join } from 'node:path';

/** The middle of several rounds; what else the machine does spoils few of them. */
export function median(values: readonly number[]): number {
  if (values.length === 0) return Number.NaN;
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** Three digits that mean something. */
export const round = (value: number): number => Number(value.toPrecision(3));

interface Report {
  readonly versions: Readonly<Record<string, string | undefined>>;
  readonly [figure: string]: unknown;
}

/** Writes bench/results/<name>.json: the figures, and when, where and with what they were measured. */
export function writeReport(name: string, { versions, ...figures }: Report): void {
  const report = {
    date: new Date().toISOString().slice(0, 10),
    machine: {
      cpu: cpus()[0]?.model ?? 'unknown',
      cores: cpus().length,
      memoryGb: Math.round(totalmem() / 2 ** 30),
      platform: `${process.platform} ${process.arch}`,
    },
    versions: { node: process.versions.node, ...versions },
    ...figures,
  };
  const folder = join(import.meta.dirname, '..', 'results');
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, `${name}.json`), `${JSON.stringify(report, null, 2)}\n`);
}
