import type { Evaluation, Gate, GateResult, ModelVersion, Verdict } from '@flyball/api';
import type { z } from 'zod';

type Result = z.infer<typeof GateResult>;
type Measured = Evaluation['metrics'][number];

/** What gates look at. */
export interface Judged {
  readonly evaluation: Evaluation;
  readonly version: ModelVersion;
  readonly championVersion: number | null;
  readonly champion: Evaluation | null;
}

const higherIsBetter = new Set(['auc', 'accuracy', 'precision', 'recall', 'f1']);
const show = (value: number): string => value.toPrecision(4);

function result(gate: Gate, verdict: Verdict, message: string, of?: Partial<Measured>): Result {
  return { gate, verdict, message, observed: of?.value ?? null, low: of?.low ?? null, high: of?.high ?? null };
}

/** `pass` when the whole interval is at or below the bound, `fail` when it is above, else not enough data. */
function atMost(low: number, high: number, bound: number): Verdict {
  if (high <= bound) return 'pass';
  return low > bound ? 'fail' : 'not_enough_data';
}

function judgeBound(gate: Extract<Gate, { kind: 'at_least' | 'at_most' }>, measured: Measured | undefined): Result {
  if (measured === undefined) return result(gate, 'needs_review', `${gate.metric} was not measured`);
  if (measured.count < gate.minRows) {
    return result(gate, 'not_enough_data', `${measured.count} rows, at least ${gate.minRows} are needed`, measured);
  }
  const low = measured.low ?? measured.value;
  const high = measured.high ?? measured.value;
  const upward = gate.kind === 'at_least';
  const verdict = upward ? atMost(-high, -low, -gate.bound) : atMost(low, high, gate.bound);
  const sign = upward ? '≥' : '≤';
  const text = `${gate.metric} ${show(measured.value)} [${show(low)}, ${show(high)}], wanted ${sign} ${show(gate.bound)}`;
  return result(gate, verdict, text, measured);
}

type Comparing = Extract<Gate, { kind: 'not_worse_than_champion' | 'better_than_champion' }>;

/** By how much the candidate may be worse; negative: by how much it must be better. */
function allowance(gate: Comparing, champion: Evaluation | null): number {
  if (gate.kind === 'better_than_champion') return -gate.by;
  if (!gate.relative) return gate.margin;
  const own = champion?.metrics.find(({ name }) => name === gate.metric)?.value ?? 0;
  return gate.margin * Math.abs(own);
}

function judgeComparison(gate: Comparing, { evaluation, championVersion, champion }: Judged): Result {
  if (championVersion === null) return result(gate, 'pass', 'There is no champion yet');
  if (championVersion === evaluation.version) return result(gate, 'pass', 'This version is the champion');
  const found = evaluation.comparisons.find(
    ({ metric, baseline }) => metric === gate.metric && baseline.version === championVersion,
  );
  if (found === undefined) {
    return result(gate, 'needs_review', `${gate.metric} was not compared with champion ${championVersion}`);
  }
  const observed = { value: found.difference, low: found.low, high: found.high };
  if (found.count < gate.minRows) {
    return result(gate, 'not_enough_data', `${found.count} rows, at least ${gate.minRows} are needed`, observed);
  }
  const worse = higherIsBetter.has(gate.metric) ? { low: -found.high, high: -found.low } : found;
  const bound = allowance(gate, champion);
  const text =
    `${gate.metric} against champion ${championVersion}: ${show(found.difference)} ` +
    `[${show(found.low)}, ${show(found.high)}], may be worse by ${show(bound)}`;
  return result(gate, atMost(worse.low, worse.high, bound), text, observed);
}

function judgeSlices(gate: Extract<Gate, { kind: 'slice_at_most' }>, evaluation: Evaluation): Result {
  const slices = evaluation.slices.filter(({ column, count }) => column === gate.column && count >= gate.minRows);
  if (slices.length === 0)
    return result(gate, 'not_enough_data', `No slice of ${gate.column} has ${gate.minRows} rows`);
  const judged = slices.map((slice) => {
    const measured = slice.metrics.find(({ name }) => name === gate.metric);
    const low = measured?.low ?? measured?.value ?? Number.NaN;
    const high = measured?.high ?? measured?.value ?? Number.NaN;
    return { slice, measured, verdict: measured === undefined ? 'needs_review' : atMost(low, high, gate.bound) };
  });
  const worst = worstOf(judged.map(({ verdict }) => verdict as Verdict));
  const example = judged.find(({ verdict }) => verdict === worst);
  const value = example?.measured?.value;
  const where = `${gate.column} = ${example?.slice.value}`;
  return result(gate, worst, `${gate.metric} of ${where} is ${value === undefined ? 'unknown' : show(value)}`, {
    ...example?.measured,
  });
}

function judgeScan(gate: Gate, { scan, tags }: ModelVersion): Result {
  if (scan.verdict === 'safe') return result(gate, 'pass', 'All files are of known, harmless kinds');
  if (scan.verdict === 'unknown') {
    const signed = tags['flyball.scan-sign-off'] !== undefined;
    return signed
      ? result(gate, 'pass', `Signed off: ${tags['flyball.scan-sign-off']}`)
      : result(gate, 'needs_review', 'The scan cannot judge these files; a person must sign them off');
  }
  return result(gate, 'fail', `The scan says ${scan.verdict}: ${scan.findings[0]?.message ?? 'no details'}`);
}

/** Applies one gate. */
export function judgeGate(gate: Gate, judged: Judged): Result {
  switch (gate.kind) {
    case 'at_least':
    case 'at_most':
      return judgeBound(
        gate,
        judged.evaluation.metrics.find(({ name }) => name === gate.metric),
      );
    case 'not_worse_than_champion':
    case 'better_than_champion':
      return judgeComparison(gate, judged);
    case 'slice_at_most':
      return judgeSlices(gate, judged.evaluation);
    case 'scan_safe':
      return judgeScan(gate, judged.version);
  }
}

const severity: readonly Verdict[] = ['fail', 'needs_review', 'not_enough_data', 'pass'];

/** The verdict of several: the worst of them. */
export function worstOf(verdicts: readonly Verdict[]): Verdict {
  return severity.find((verdict) => verdicts.includes(verdict)) ?? 'pass';
}
