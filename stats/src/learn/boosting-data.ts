import type { LossRows } from './boosting-loss.ts';
import type { BoostingSettings } from './boosting-options.ts';

/** Labelled columns. NaN in a column is a missing value; labels of classes are 0, 1, … */
export interface LabelledColumns {
  readonly columns: readonly Float32Array[];
  readonly labels: Float32Array | Float64Array;
  readonly weights?: Float32Array | Float64Array;
}

/** What to train on. */
export interface BoostingData extends LabelledColumns {
  /** Names of the columns; default `f0`, `f1`, … */
  readonly features?: readonly string[];
  /** Names of the classes; default `0`, `1`, … */
  readonly classes?: readonly string[];
  /** Rows to train on; default all that are not validation rows. */
  readonly rows?: Uint32Array;
  /** Rows of the same columns held out to watch the loss, or a separate set. */
  readonly validation?: { readonly rows: Uint32Array } | LabelledColumns;
}

/** Rows taken out of labelled columns, ready for a loss. */
export interface SelectedRows extends LossRows {
  readonly columns: readonly Float32Array[];
  readonly rows: Uint32Array;
}

/** Training and validation rows, checked. Throws a RangeError that lists everything wrong. */
export function selectBoostingRows(
  data: BoostingData,
  settings: BoostingSettings,
  wrong: string[],
): { train: SelectedRows; validation: SelectedRows | null; features: string[]; classes: string[] } {
  const separate = data.validation !== undefined && 'columns' in data.validation ? data.validation : null;
  const held = data.validation !== undefined && 'rows' in data.validation ? data.validation.rows : null;
  const features = [...(data.features ?? data.columns.map((_, f) => `f${f}`))];
  checkColumns(data, features, separate, wrong);
  throwIfWrong(wrong);

  const train = select(data, data.rows ?? rowsWithout(data.labels.length, held), '', wrong);
  let validation: SelectedRows | null = null;
  if (held !== null) validation = select(data, held, 'validation.', wrong);
  if (separate !== null) validation = select(separate, rowsWithout(separate.labels.length, null), 'validation.', wrong);
  if (settings.earlyStoppingRounds > 0 && validation === null) {
    wrong.push('earlyStoppingRounds: needs validation rows');
  }
  const classes = classNames(data, settings, train, wrong);
  checkLabels(train, 'labels', settings, classes.length, wrong);
  if (validation !== null) checkLabels(validation, 'validation labels', settings, classes.length, wrong);
  throwIfWrong(wrong);
  return { train, validation, features, classes };
}

function checkColumns(
  data: BoostingData,
  features: readonly string[],
  separate: LabelledColumns | null,
  wrong: string[],
): void {
  checkShape(data, '', data.columns.length, wrong);
  if (separate !== null) checkShape(separate, 'validation.', data.columns.length, wrong);
  if (data.columns.length === 0) wrong.push('columns: expected at least one');
  if (features.length !== data.columns.length) {
    wrong.push(`features: expected ${data.columns.length} names, got ${features.length}`);
  }
  if (new Set(features).size !== features.length) wrong.push('features: names must differ');
}

function throwIfWrong(wrong: readonly string[]): void {
  if (wrong.length > 0) throw new RangeError(`Cannot train: ${wrong.join('; ')}`);
}

function checkShape(data: LabelledColumns, at: string, columns: number, wrong: string[]): void {
  const rows = data.labels.length;
  if (data.columns.length !== columns) {
    wrong.push(`${at}columns: expected ${columns} columns, got ${data.columns.length}`);
  }
  for (const [f, column] of data.columns.entries()) {
    if (column.length !== rows) wrong.push(`${at}columns[${f}]: expected ${rows} rows, got ${column.length}`);
  }
  if (data.weights !== undefined && data.weights.length !== rows) {
    wrong.push(`${at}weights: expected ${rows} rows, got ${data.weights.length}`);
  }
}

function rowsWithout(count: number, held: Uint32Array | null): Uint32Array {
  const out = new Uint8Array(count);
  if (held !== null) for (const row of held) out[row] = 1;
  const rows = new Uint32Array(count);
  let kept = 0;
  for (let row = 0; row < count; row++) if (out[row] === 0) rows[kept++] = row;
  return rows.subarray(0, kept);
}

function select(data: LabelledColumns, rows: Uint32Array, at: string, wrong: string[]): SelectedRows {
  const { columns } = data;
  const labels = new Float64Array(rows.length);
  const weights = data.weights === undefined ? null : new Float64Array(rows.length);
  let totalWeight = rows.length;
  if (rows.length === 0) wrong.push(`${at}rows: expected at least one`);
  const beyond = rows.find((row) => row >= data.labels.length);
  if (beyond !== undefined) wrong.push(`${at}rows: there is no row ${beyond}`);
  for (let i = 0; i < rows.length; i++) labels[i] = data.labels[rows[i]!]!;
  if (weights !== null && data.weights !== undefined) {
    totalWeight = 0;
    for (let i = 0; i < rows.length; i++) {
      const weight = data.weights[rows[i]!]!;
      weights[i] = weight;
      totalWeight += weight;
    }
    if (weights.some((weight) => !(weight >= 0 && weight < Number.POSITIVE_INFINITY))) {
      wrong.push(`${at}weights: expected finite numbers from 0`);
    } else if (totalWeight === 0) {
      wrong.push(`${at}weights: all are 0`);
    }
  }
  return { columns, rows, labels, weights, totalWeight };
}

function classNames(data: BoostingData, settings: BoostingSettings, train: SelectedRows, wrong: string[]): string[] {
  const { objective } = settings;
  if (objective !== 'binary' && objective !== 'multiclass') return [];
  let most = 1;
  for (const label of train.labels) most = Math.max(most, label);
  if (most > 9_999) {
    wrong.push('labels: more than 10000 classes');
    return [];
  }
  const count = objective === 'binary' ? 2 : Math.floor(most) + 1;
  const classes = [...(data.classes ?? Array.from({ length: count }, (_, k) => String(k)))];
  if (objective === 'binary' && classes.length !== 2) wrong.push(`classes: expected 2 names, got ${classes.length}`);
  return classes;
}

function checkLabels(
  selected: SelectedRows,
  at: string,
  settings: BoostingSettings,
  classes: number,
  wrong: string[],
): void {
  const { objective } = settings;
  const isClass = objective === 'binary' || objective === 'multiclass';
  const bad = selected.labels.findIndex((label) => {
    if (isClass) return !(Number.isInteger(label) && label >= 0 && label < classes);
    return !Number.isFinite(label) || (objective === 'poisson' && label < 0);
  });
  if (bad < 0) return;
  const expected = isClass
    ? `a class from 0 to ${classes - 1}`
    : `a finite number${objective === 'poisson' ? ' from 0' : ''}`;
  wrong.push(`${at}[${selected.rows[bad]}]: expected ${expected}, got ${selected.labels[bad]}`);
}
