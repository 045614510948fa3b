import { fork } from 'node:child_process';
import { setPriority } from 'node:os';
import path from 'node:path';
import type { BaselineRequest, Baselines } from './baselines.ts';
import type { Act } from './story.ts';

/** What `--report` writes. */
export interface Report {
  readonly ok: boolean;
  readonly acts: readonly Act[];
  readonly predictions: {
    readonly sent: number;
    readonly answered: number;
    readonly logged: number;
    readonly lost: number;
  };
  readonly labels: { readonly sent: number; readonly joined: number };
  readonly logLoss: { readonly firstChampion: number; readonly weeklyRetraining: number; readonly flyball: number };
  readonly alerts: number;
  readonly retrainings: number;
  readonly promotions: number;
  readonly rollbacks: number;
  readonly latencyMs: { readonly p50: number; readonly p99: number };
  readonly seconds: number;
  readonly peakMemoryMb: number;
}

/** Computes what the story is compared with, in a child that yields to everything else. */
export async function startBaselines(request: BaselineRequest): Promise<Baselines> {
  const child = fork(path.join(import.meta.dirname, 'baselines.ts'));
  try {
    setPriority(child.pid!, 15);
  } catch {
    // Where priorities cannot be changed it runs like everything else.
  }
  child.send(request);
  return await new Promise<Baselines>((resolve, reject) => {
    child.once('message', (message: { result?: Baselines; error?: string }) => {
      if (message.result === undefined) reject(new Error(message.error));
      else resolve(message.result);
    });
    child.once('exit', (code) => reject(new Error(`The baselines ended with exit code ${code}`)));
  });
}

export function quantile(values: readonly number[], share: number): number {
  const sorted = Float64Array.from(values).sort();
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN;
}

const count = (value: number): string => value.toLocaleString('en');

/** The story with figures, for the terminal. */
export function tellReport(report: Report): string {
  const { predictions, labels, logLoss, latencyMs } = report;
  return [
    '',
    ...report.acts.map(({ name, ok, seconds }) => `${ok ? '✓' : '✗'} ${name} (${seconds.toFixed(0)} s)`),
    '',
    `predictions  ${count(predictions.sent)} sent, ${count(predictions.answered)} answered, ${count(predictions.lost)} lost`,
    `labels       ${count(labels.sent)} sent, ${count(labels.joined)} joined`,
    `log loss     ${logLoss.firstChampion.toFixed(4)} first champion never replaced`,
    `             ${logLoss.weeklyRetraining.toFixed(4)} retrained every week without looking`,
    `             ${logLoss.flyball.toFixed(4)} Flyball`,
    `loop         ${report.alerts} alerts, ${report.retrainings} retrainings, ${report.promotions} promotions, ${report.rollbacks} rollbacks`,
    `latency      p50 ${latencyMs.p50.toFixed(1)} ms, p99 ${latencyMs.p99.toFixed(1)} ms`,
    `took         ${report.seconds.toFixed(0)} s, ${report.peakMemoryMb.toFixed(0)} MB at most`,
    '',
  ].join('\n');
}
