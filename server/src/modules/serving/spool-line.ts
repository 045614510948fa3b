import { hash } from 'node:crypto';

/**
 * A column of a request as it was sent: numbers (NaN where null), whole numbers beyond 2^53, texts, or truth values.
 */
export type ColumnValues = readonly number[] | readonly bigint[] | readonly string[] | readonly boolean[];

/** How a request came to its version. */
export type PredictionRole = 'champion' | 'candidate' | 'pinned';

/** A part of a rollout: its id, its step, and the candidate's share at that time. */
export interface Exposure {
  readonly rollout: string;
  readonly step: number;
  readonly weight: number;
}

/** One answered request. Short keys: the spool is the hot path's only output. */
export interface PredictionEntry {
  readonly t: 'p';
  readonly q: number;
  /** Id of the request; row k is the prediction `<r>.<k>`. */
  readonly r: string;
  readonly n: number;
  readonly at: number;
  readonly v: number;
  readonly a: PredictionRole;
  readonly w: number;
  readonly ro: string | null;
  readonly st: number | null;
  /** Sticky key, where the endpoint has one. */
  readonly k: string | null;
  readonly ms: number;
  readonly e: string | null;
  readonly i: Readonly<Record<string, ColumnValues>>;
  /** What the model saw of the features looked up. */
  readonly f: Readonly<Record<string, readonly (number | null)[]>>;
  readonly y: readonly (number | null)[] | null;
}

/** What the other version of a rollout would have answered. */
export interface ShadowEntry {
  readonly t: 's';
  readonly q: number;
  /** Number of the line of its request. */
  readonly s: number;
  readonly r: string;
  readonly n: number;
  readonly at: number;
  readonly v: number;
  readonly ro: string;
  readonly st: number;
  readonly ms: number;
  readonly e: string | null;
  readonly y: readonly (number | null)[] | null;
}

export interface LabelEntry {
  readonly t: 'l';
  readonly q: number;
  readonly id: readonly string[];
  readonly at: readonly number[];
  readonly y: readonly number[];
  /** Event time of the prediction; null when it was not in memory any more. */
  readonly p: readonly (number | null)[];
  /** Number of the line of its request; null likewise. */
  readonly s: readonly (number | null)[];
}

/** Labels that were refused, because nobody knows their predictions. */
export interface UnknownEntry {
  readonly t: 'u';
  readonly q: number;
  readonly n: number;
}

export type SpoolEntry = PredictionEntry | ShadowEntry | LabelEntry | UnknownEntry;
export type SpoolKind = SpoolEntry['t'];

const bigintsText = (values: readonly bigint[]): string => `[${values.join(',')}]`;

/** JSON of a column: NaN becomes null, and no digit of a whole number is lost. */
export function columnText(values: ColumnValues): string {
  return typeof values[0] === 'bigint' ? bigintsText(values as readonly bigint[]) : JSON.stringify(values);
}

/** JSON of predictions. What is not finite becomes null, as JSON has no word for it. */
export function valuesText(values: Float32Array): string {
  const text = `[${values.join(',')}]`;
  return text.includes('N') || text.includes('I') ? JSON.stringify([...values]) : text;
}

/** Tells questions apart by the text of their inputs. */
export const fingerprintOf = (inputsText: string): string => hash('sha1', inputsText, 'base64');

export interface PredictionParts {
  readonly id: string;
  readonly rows: number;
  readonly at: number;
  readonly version: number;
  readonly role: PredictionRole;
  readonly exposure: Exposure | null;
  readonly stickyKey: string | null;
  readonly ms: number;
  readonly error: string | null;
  /** `"name":[…]` of each input, joined. */
  readonly inputsText: string;
  readonly featuresText: string;
  readonly valuesText: string | null;
}

const milliseconds = (ms: number): number => Math.round(ms * 1000) / 1000;
const textOrNull = (text: string | null): string => (text === null ? 'null' : JSON.stringify(text));

/** The fields of a line after its kind and number. */
export function predictionFields(parts: PredictionParts): string {
  const { exposure } = parts;
  const place =
    exposure === null
      ? '"w":0,"ro":null,"st":null'
      : `"w":${exposure.weight},"ro":"${exposure.rollout}","st":${exposure.step}`;
  return (
    `"r":${JSON.stringify(parts.id)},"n":${parts.rows},"at":${parts.at},"v":${parts.version},"a":"${parts.role}",` +
    `${place},"k":${textOrNull(parts.stickyKey)},"ms":${milliseconds(parts.ms)},"e":${textOrNull(parts.error)},` +
    `"i":{${parts.inputsText}},"f":{${parts.featuresText}},"y":${parts.valuesText}`
  );
}

export interface ShadowParts {
  readonly id: string;
  readonly requestSequence: number;
  readonly rows: number;
  readonly at: number;
  readonly version: number;
  readonly exposure: Exposure;
  readonly ms: number;
  readonly error: string | null;
  readonly valuesText: string | null;
}

export function shadowFields({ exposure, ...parts }: ShadowParts): string {
  return (
    `"s":${parts.requestSequence},"r":${JSON.stringify(parts.id)},"n":${parts.rows},"at":${parts.at},` +
    `"v":${parts.version},"ro":"${exposure.rollout}","st":${exposure.step},"ms":${milliseconds(parts.ms)},` +
    `"e":${textOrNull(parts.error)},"y":${parts.valuesText}`
  );
}

export interface RecordedLabel {
  readonly id: string;
  readonly at: number;
  readonly value: number;
  readonly predictedAt: number | null;
  readonly requestSequence: number | null;
}

export function labelFields(labels: readonly RecordedLabel[]): string {
  const list = (pick: (label: RecordedLabel) => unknown): string => JSON.stringify(labels.map(pick));
  return (
    `"id":${list(({ id }) => id)},"at":${list(({ at }) => at)},` +
    `"y":${list(({ value }) => value)},"p":${list(({ predictedAt }) => predictedAt)},` +
    `"s":${list(({ requestSequence }) => requestSequence)}`
  );
}
