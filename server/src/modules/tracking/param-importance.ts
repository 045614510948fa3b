import type { RunImportance } from '@flyball/api';
import { rankCorrelation, rSquared } from '@flyball/stats';
import { predictEnsemble, trainBoosting, treeShap } from '@flyball/stats/learn';

/** A run with the metric, and its params as text of JSON. */
export interface MeasuredRun {
  readonly value: number;
  readonly params: string | null;
}

const FEWEST_RUNS = 5;
const FOLDS = 3;
/** Each is a column of numbers. */
const MOST_KEYS = 2000;
/** With fewer runs a share of them says nothing about the others. */
const FEWEST_EXPLAINED = 15;

/** A param as a column of numbers; NaN where a run lacks it. */
interface ParamColumn {
  readonly key: string;
  readonly values: Float32Array;
  readonly isNumber: boolean;
  readonly different: number;
}

const isNumber = (text: string): boolean => text.trim() !== '' && Number.isFinite(Number(text));

/** Places in order instead of values: trees see no difference, and no number is too great for them. */
function columnOf(key: string, texts: readonly (string | undefined)[]): ParamColumn | null {
  const logged = texts.filter((text) => text !== undefined);
  const different = [...new Set(logged)];
  const numeric = different.every(isNumber);
  const isName = !numeric && different.length === logged.length;
  if (different.length < 2 || isName) return null;
  const ordered = numeric ? different.sort((a, b) => Number(a) - Number(b)) : different.sort();
  const places = new Map<string | undefined, number>();
  for (const [i, text] of ordered.entries()) {
    const before = ordered[i - 1];
    const isSame = numeric && before !== undefined && Number(before) === Number(text);
    places.set(text, isSame ? places.get(before)! : i);
  }
  const values = Float32Array.from(texts, (text) => places.get(text) ?? Number.NaN);
  return { key, values, isNumber: numeric, different: different.length };
}

/** Params that at least two runs have, those first that most have. */
function commonKeys(params: readonly Readonly<Record<string, string>>[]): string[] {
  const counts = new Map<string, number>();
  for (const own of params) for (const key of Object.keys(own)) counts.set(key, (counts.get(key) ?? 0) + 1);
  const keys = [...counts.keys()].filter((key) => counts.get(key)! > 1).sort();
  return keys.sort((a, b) => counts.get(b)! - counts.get(a)!).slice(0, MOST_KEYS);
}

/** The params that differ between the runs; those first that most runs have. */
function columnsOf(runs: readonly MeasuredRun[]): ParamColumn[] {
  const params = runs.map((run) => JSON.parse(run.params ?? '{}') as Record<string, string>);
  return commonKeys(params).flatMap((key) => {
    const texts = params.map((own) => (Object.hasOwn(own, key) ? own[key] : undefined));
    return columnOf(key, texts) ?? [];
  });
}

function standardized(values: readonly number[]): Float64Array {
  const mean = values.reduce((sum, value) => sum + value / values.length, 0);
  const scale = Math.max(...values.map((value) => Math.abs(value - mean))) || 1;
  return Float64Array.from(values, (value) => (value - mean) / scale);
}

function train(columns: readonly ParamColumn[], labels: Float64Array, rows?: Uint32Array) {
  const data = { columns: columns.map(({ values }) => values), labels, ...(rows === undefined ? {} : { rows }) };
  const minRowsPerLeaf = Math.max(1, Math.min(5, Math.floor(labels.length / 10)));
  return trainBoosting(data, { objective: 'squared_error', trees: 60, maxDepth: 4, maxBins: 64, minRowsPerLeaf }).model;
}

/** Spread by the golden ratio: a sweep walks through its params in steps that a remainder would fall in line with. */
const foldOf = (place: number): number => Math.floor(((place * 0.6180339887498949) % 1) * FOLDS);

/** How well runs are predicted that were not learned from, each once. */
function explainedShare(columns: readonly ParamColumn[], labels: Float64Array): number | null {
  if (labels.length < FEWEST_EXPLAINED) return null;
  const predicted = new Float64Array(labels.length);
  const all = Array.from(labels, (_, i) => i);
  for (let fold = 0; fold < FOLDS; fold++) {
    const model = train(columns, labels, Uint32Array.from(all.filter((i) => foldOf(i) !== fold)));
    const held = Uint32Array.from(all.filter((i) => foldOf(i) === fold));
    const found = predictEnsemble(
      model,
      columns.map(({ values }) => values),
      held,
    );
    for (const [i, row] of held.entries()) predicted[row] = found[i]!;
  }
  const share = rSquared(labels, predicted);
  return Number.isFinite(share) ? share : null;
}

/** Only of runs that have the param. */
function correlationOf({ values, isNumber: isOrdered }: ParamColumn, labels: Float64Array): number | null {
  if (!isOrdered) return null;
  const rows = [...values.keys()].filter((i) => !Number.isNaN(values[i]));
  const found = rankCorrelation(
    rows.map((i) => values[i]!),
    rows.map((i) => labels[i]!),
  );
  return Number.isNaN(found) ? null : found;
}

/** The mean size of each column's SHAP values as shares of their sum (Lundberg et al. 2020). */
function shapShares(columns: readonly ParamColumn[], labels: Float64Array): number[] {
  const { values } = treeShap(
    train(columns, labels),
    columns.map((column) => column.values),
  );
  const sizes = columns.map((_, column) => {
    let sum = 0;
    for (let row = 0; row < labels.length; row++) sum += Math.abs(values[row * columns.length + column]!);
    return sum;
  });
  const total = sizes.reduce((a, b) => a + b, 0);
  return sizes.map((size) => (total === 0 ? 0 : size / total));
}

/** Which params matter for a metric: gradient boosted trees over the params, explained by their SHAP values. */
export function importanceOf(runs: readonly MeasuredRun[], mostParams: number): Omit<RunImportance, 'isOfNewest'> {
  const all = columnsOf(runs);
  const columns = all.slice(0, mostParams);
  const differing = all.length;
  if (runs.length < FEWEST_RUNS || differing === 0)
    return { params: [], runs: runs.length, explained: null, differing };
  const labels = standardized(runs.map(({ value }) => value));
  const shares = shapShares(columns, labels);
  const params = columns.map((column, i) => ({
    key: column.key,
    importance: shares[i]!,
    correlation: correlationOf(column, labels),
    values: column.different,
  }));
  params.sort((a, b) => b.importance - a.importance);
  return { params, runs: runs.length, explained: explainedShare(columns, labels), differing };
}
