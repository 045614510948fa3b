import type { Endpoint, MonitorDefinition } from '@flyball/api';
import { QUIET_ALERT, stepAlert } from '@flyball/stats';
import {
  isDistance,
  type Measured,
  measure,
  type Reference,
  referenceFrom,
  slicesOf,
  type Window,
} from './measure-signal.ts';
import { lockMonitor, type RuleStates, type StoredMonitor, setEvaluated } from './monitor-store.ts';
import { nextPeriodMs } from './next-period.ts';
import type { MonitoringParts } from './parts.ts';
import { type ProductionRows, rowAt, takeRows } from './production-rows.ts';
import { judgedValue } from './rule-bounds.ts';
import { type Breach, openAlert, resolveRule } from './settle-alert.ts';
import { freezeReference, insertSignals, readReferences, type SignalRow } from './signal-store.ts';
import { startingReference } from './starting-reference.ts';

type Trx = Parameters<Parameters<MonitoringParts['platform']['database']['transaction']>[0]>[0];
type Signal = MonitorDefinition['signals'][number];
type Rule = MonitorDefinition['rules'][number];

interface Period {
  readonly at: Date;
  readonly champion: number;
  readonly rows: ProductionRows;
  /** When the endpoint's log begins. */
  readonly startMs: number;
}

const hasFullWindow = ({ at, startMs }: Period, { windowSeconds }: Signal): boolean =>
  at.getTime() - windowSeconds * 1000 >= startMs;

function windowOf(rows: ProductionRows, endMs: number, seconds: number): Window {
  return { rows, from: rowAt(rows, endMs - seconds * 1000), until: rowAt(rows, endMs) };
}

/**
 * The frozen reference of a signal for this champion: from its training data or evaluation, else its first full
 * window.
 */
async function referenceOf(
  parts: MonitoringParts,
  trx: Trx,
  monitor: StoredMonitor,
  signal: Signal,
  period: Period,
  known: Map<string, unknown>,
) {
  const frozen = known.get(signal.id) as Reference | undefined;
  if (frozen !== undefined) return frozen;
  const window = windowOf(period.rows, period.at.getTime(), signal.windowSeconds);
  const reference =
    (await startingReference(parts, monitor, signal, period.champion)) ??
    (hasFullWindow(period, signal) ? referenceFrom(window, signal) : null);
  if (reference === null) return null;
  const key = { project: monitor.project, monitor: monitor.name, champion: period.champion };
  await freezeReference(trx, key, signal.id, reference);
  known.set(signal.id, reference);
  return reference;
}

function slicedRows(signal: Signal, window: Window, reference: Reference | null): SignalRow[] {
  if (signal.slice === undefined) return [];
  return [...slicesOf(window, signal.slice)].map(([slice, chosen]) => {
    const rows = takeRows(window.rows, chosen);
    const { value, count } = measure({ rows, from: 0, until: chosen.length }, signal, reference);
    return { signal: signal.id, slice, value, reference: reference?.value ?? null, count };
  });
}

interface Judged {
  readonly values: ReadonlyMap<string, Measured & { readonly reference: number | null }>;
  readonly rows: readonly SignalRow[];
}

async function measureAll(parts: MonitoringParts, trx: Trx, monitor: StoredMonitor, period: Period): Promise<Judged> {
  const key = { project: monitor.project, monitor: monitor.name, champion: period.champion };
  const known = await readReferences(trx, key);
  const values = new Map<string, Measured & { reference: number | null }>();
  const rows: SignalRow[] = [];
  for (const signal of monitor.body.signals) {
    const reference = await referenceOf(parts, trx, monitor, signal, period, known);
    const window = windowOf(period.rows, period.at.getTime(), signal.windowSeconds);
    // Two days of a week look like drift of the weekday: a distance waits for its window to fill.
    const comparable = isDistance(signal.kind) && !hasFullWindow(period, signal) ? null : reference;
    const measured = measure(window, signal, comparable);
    const number = reference?.value ?? null;
    values.set(signal.id, { ...measured, reference: number });
    rows.push({ signal: signal.id, slice: '', ...measured, reference: number });
    rows.push(...slicedRows(signal, window, comparable));
  }
  return { values, rows };
}

type RuleState = RuleStates[string];

/** Steps one rule by its newest value; an alert opens or resolves in the same transaction. */
async function stepRule(
  parts: MonitoringParts,
  trx: Trx,
  monitor: StoredMonitor,
  {
    rule,
    state,
    at,
    measured,
  }: { rule: Rule; state: RuleState; at: Date; measured: Measured & { reference: number | null } },
): Promise<RuleState> {
  const judged = judgedValue(rule, measured.value, measured.reference);
  const isQuiet = !state.raised && (state.quietUntilMs ?? 0) > at.getTime();
  if (judged === null || isQuiet) return state;
  const step = stepAlert(judged.rule, state, judged.value);
  if (step.transition === 'raised') {
    const breach: Breach = { rule, at, value: measured.value, bound: judged.bound };
    await openAlert(parts, trx, monitor, breach);
  }
  if (step.transition !== 'cleared') return { ...state, ...step.state };
  await resolveRule(parts, trx, monitor, rule, at, 'calm again');
  return { ...step.state, quietUntilMs: at.getTime() + rule.cooldownSeconds * 1000 };
}

async function stepRules(
  parts: MonitoringParts,
  trx: Trx,
  monitor: StoredMonitor,
  at: Date,
  { values }: Judged,
): Promise<RuleStates> {
  const states: Record<string, RuleState> = { ...monitor.rule_states };
  for (const rule of monitor.body.rules) {
    const measured = values.get(rule.signal);
    if (measured === undefined) continue;
    const state = states[rule.id] ?? QUIET_ALERT;
    states[rule.id] = await stepRule(parts, trx, monitor, { rule, state, at, measured });
  }
  return states;
}

async function evaluatePeriod(parts: MonitoringParts, monitor: StoredMonitor, period: Period): Promise<void> {
  const { project, name } = monitor;
  await parts.platform.database.transaction(async (trx) => {
    const current = await lockMonitor(trx, project, name);
    // Somebody else has done this period meanwhile, or the monitor is gone.
    if (current === null || (current.evaluated_until !== null && current.evaluated_until >= period.at)) return;
    const judged = await measureAll(parts, trx, current, period);
    await insertSignals(trx, { project, monitor: name, at: period.at, champion: period.champion }, judged.rows);
    await setEvaluated(trx, current, period.at, await stepRules(parts, trx, current, period.at, judged));
    const payload = { monitor: name, until: period.at.toISOString() };
    await parts.platform.events.publish(trx, { project, name: 'monitoring.signals-computed', payload });
  });
}

/** The endpoint's inputs that some signal looks at. */
function inputsOf({ body }: StoredMonitor, { inputs }: Endpoint): string[] {
  const wanted = new Set(body.signals.flatMap(({ column, slice }) => [column, slice]));
  return inputs.map(({ name }) => name).filter((name) => wanted.has(name));
}

/** Evaluates every period that has ended by the watermark, oldest first. Returns when the next one is due. */
export async function evaluateMonitor(
  parts: MonitoringParts,
  monitor: StoredMonitor,
  startMs: number,
  watermarkMs: number,
): Promise<number> {
  const everyMs = monitor.body.everySeconds * 1000;
  const evaluatedMs = monitor.evaluated_until?.getTime() ?? null;
  let due = nextPeriodMs({ evaluatedMs, startMs, watermarkMs, everyMs });
  for (; due <= watermarkMs; due += everyMs) {
    const endpoint = await parts.serving.getEndpoint(monitor.project, monitor.endpoint);
    if (endpoint.champion === null) return due;
    const longest = Math.max(...monitor.body.signals.map(({ windowSeconds }) => windowSeconds));
    const rows = await parts.windows.of(monitor).read({
      endpoint,
      champion: endpoint.champion,
      inputs: inputsOf(monitor, endpoint),
      fromMs: due - longest * 1000,
      untilMs: due,
    });
    await evaluatePeriod(parts, monitor, { at: new Date(due), champion: endpoint.champion, rows, startMs });
  }
  return due;
}
