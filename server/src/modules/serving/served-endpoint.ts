import { type EndpointDefinition, PlatformError } from '@flyball/api';
import type { Outcome } from './batcher.ts';
import { fillTensors, type LookedUpFeature } from './model-inputs.ts';
import type { OnlineViews } from './online-views.ts';
import type { PendingPredictions } from './pending-predictions.ts';
import type { ServedVersion } from './served-version.ts';
import type { Spool } from './spool.ts';
import {
  type ColumnValues,
  columnText,
  type Exposure,
  type PredictionRole,
  predictionFields,
  shadowFields,
  valuesText,
} from './spool-line.ts';
import { stickyPosition } from './sticky-arm.ts';

/** Rows to score, as a protocol has read and checked them: one column per input of the endpoint, in its order. */
export interface InferRequest {
  readonly rows: number;
  readonly columns: readonly ColumnValues[];
  /** The caller's id; predictions get it when it is new. */
  readonly id?: string | undefined;
  /** Event time in epoch ms; now when absent. */
  readonly at?: number | undefined;
  /** A version that must answer, past any split of the traffic. */
  readonly version?: number | undefined;
  readonly timeoutMs?: number | undefined;
  isAbandoned?(): boolean;
}

export interface InferAnswer {
  /** Rows are predictions `<id>.<row>`. */
  readonly id: string;
  readonly version: number;
  readonly values: Float32Array;
  /** The values as a JSON list. */
  readonly text: string;
}

export type InferDone = (error: PlatformError | null, answer: InferAnswer | null) => void;

/** The rollout that splits the traffic now. */
export interface Split {
  readonly rollout: string;
  readonly candidate: number;
  readonly step: number;
  readonly weight: number;
}

export interface EndpointState {
  readonly definition: EndpointDefinition;
  readonly champion: number | null;
  readonly split: Split | null;
}

export interface EndpointParts {
  readonly spool: Spool;
  readonly pending: PendingPredictions;
  readonly views: OnlineViews;
  readonly now: () => number;
  newId(): string;
  /** Answered, but not logged. */
  lost(rows: number): void;
  /** The first requests that the candidate was given have all failed. */
  refused(version: number, reason: string): void;
}

/** A request on its way, with its arm. */
interface Underway {
  readonly id: string;
  readonly request: InferRequest;
  readonly at: number;
  readonly startedAt: number;
  readonly version: ServedVersion;
  readonly role: PredictionRole;
  readonly exposure: Exposure | null;
  readonly stickyKey: string | null;
  readonly looked: readonly Float64Array[];
  readonly done: InferDone;
}

const FIRST_CANDIDATE_REQUESTS = 20;
const SHADOW_PATIENCE_MS = 600_000;

export interface EndpointCounts {
  requests: number;
  failed: number;
  totalMs: number;
  lastAt: number;
}

/** One endpoint in the gateway: chooses a version, looks features up, batches, logs, answers, and scores shadows. */
export class ServedEndpoint {
  readonly versions = new Map<number, ServedVersion>();
  readonly counts: EndpointCounts = { requests: 0, failed: 0, totalMs: 0, lastAt: 0 };
  newestAt = 0;
  readonly #parts: EndpointParts;
  #state: EndpointState;
  #inputNames: readonly string[] = [];
  /** `"name":` of each input. */
  #inputKeys: readonly string[] = [];
  #sticky = -1;
  #finished: {
    readonly underway: Underway;
    readonly answer: InferAnswer | null;
    readonly error: PlatformError | null;
  }[] = [];
  #candidate = { rollout: '', requests: 0, failed: 0 };
  #open = 0;
  /** Ids of callers whose requests are under way. */
  readonly #givenIds = new Set<string>();

  constructor(state: EndpointState, parts: EndpointParts) {
    this.#parts = parts;
    this.#state = state;
    this.apply(state);
  }

  get state(): EndpointState {
    return this.#state;
  }

  get spool(): Spool {
    return this.#parts.spool;
  }

  get pending(): PendingPredictions {
    return this.#parts.pending;
  }

  /** Requests that are not answered, and rows that are not scored in shadow yet. */
  get unfinished(): number {
    let rows = this.#open;
    for (const { batcher } of this.versions.values()) rows += batcher?.shadowRows ?? 0;
    return rows;
  }

  /** Takes over a new definition, champion or split. */
  apply(state: EndpointState): void {
    this.#state = state;
    const { inputs, stickyInput } = state.definition;
    this.#inputNames = inputs.map(({ name }) => name);
    this.#inputKeys = this.#inputNames.map((name) => `${JSON.stringify(name)}:`);
    this.#sticky = stickyInput === undefined ? -1 : this.#inputNames.indexOf(stickyInput);
  }

  infer(request: InferRequest, done: InferDone): void {
    const startedAt = performance.now();
    const at = request.at ?? this.#parts.now();
    if (at > this.newestAt) this.newestAt = at;
    const id = this.#idFor(request.id);
    const stickyKey = this.#sticky < 0 || request.rows === 0 ? null : String(request.columns[this.#sticky]![0]);
    const arm = this.#assign(request, stickyKey ?? id);
    if (arm instanceof PlatformError) {
      done(arm, null);
      return;
    }
    const missing = this.#missingViews(arm.version);
    if (missing.length > 0) {
      this.#loadViews(missing, at).then(
        () => this.infer(request, done),
        (cause: unknown) => done(new PlatformError('unavailable', 'The features cannot be looked up', { cause }), null),
      );
      return;
    }
    if (id === request.id) this.#givenIds.add(id);
    const looked = this.#lookUp(arm.version, request, at);
    const underway: Underway = { id, request, at, startedAt, stickyKey, looked, done, ...arm };
    this.#open++;
    arm.version.submit({
      rows: request.rows,
      tensors: fillTensors(arm.version.plan!, request.rows, request.columns, looked),
      deadline: startedAt + (request.timeoutMs ?? this.#state.definition.timeoutMs),
      isShadow: false,
      settle: (outcome) => this.#finish(underway, outcome),
      isAbandoned: () => request.isAbandoned?.() ?? false,
    });
  }

  /** Writes and sends what is finished; the log comes before the answer. */
  flush(): void {
    const finished = this.#finished;
    if (finished.length === 0) {
      this.#parts.spool.flush((error) => this.#noteLoss(error, 0));
      return;
    }
    this.#finished = [];
    let rows = 0;
    for (const { underway, answer, error } of finished) rows += this.#log(underway, answer, error);
    this.#parts.spool.flush((failure) => {
      this.#noteLoss(failure, rows);
      this.#open -= finished.length;
      for (const { underway, answer, error } of finished) underway.done(error, answer);
      for (const { underway, answer, error } of finished) {
        if (underway.id === underway.request.id) this.#givenIds.delete(underway.id);
        if (answer !== null && failure === null) this.#remember(underway);
        if (answer !== null || error?.code === 'internal') this.#mirror(underway);
      }
    });
  }

  /** Scores a logged request by the other version of its rollout, after a restart had lost that. */
  mirrorAgain(
    request: InferRequest & { readonly id: string; readonly at: number },
    by: number,
    exposure: Exposure,
  ): void {
    const version = this.versions.get(by);
    if (version?.canServe === true) this.#shadow(version, request, request.id, request.at, exposure);
  }

  /** The caller's id where it is new, as far as is remembered; else one of our own. */
  #idFor(given: string | undefined): string {
    const isNew = given !== undefined && !this.#parts.pending.has(given) && !this.#givenIds.has(given);
    return isNew ? given : this.#parts.newId();
  }

  #missingViews({ plan }: ServedVersion): string[] {
    const { features } = plan!;
    if (features.length === 0) return [];
    return [...new Set(features.map(({ view }) => view))].filter((view) => this.#parts.views.get(view) === undefined);
  }

  /** Before any traffic nobody knew the event time as of which to load them. */
  async #loadViews(names: readonly string[], at: number): Promise<void> {
    await Promise.all(names.map((name) => this.#parts.views.ensure(name, at)));
  }

  #assign(
    { version: wanted }: InferRequest,
    key: string,
  ): { version: ServedVersion; role: PredictionRole; exposure: Exposure | null } | PlatformError {
    const { champion, split } = this.#state;
    if (wanted !== undefined) return this.#pin(wanted);
    const candidate = split === null ? undefined : this.versions.get(split.candidate);
    // A candidate that cannot answer takes no part: the log says so with a weight of 0.
    const takesPart = split !== null && candidate?.canServe === true && !this.#isRefused(split.rollout);
    const weight = takesPart ? split.weight : 0;
    const exposure = split === null || !takesPart ? null : { rollout: split.rollout, step: split.step, weight };
    const toCandidate = takesPart && weight > 0 && (weight >= 1 || stickyPosition(split.rollout, key) < weight);
    if (toCandidate) return { version: candidate!, role: 'candidate', exposure };
    const version = champion === null ? undefined : this.versions.get(champion);
    if (version?.canServe === true) return { version, role: 'champion', exposure };
    return this.#unavailable(version);
  }

  #pin(wanted: number): { version: ServedVersion; role: PredictionRole; exposure: null } | PlatformError {
    const version = this.versions.get(wanted);
    if (version === undefined) {
      return new PlatformError('not_found', `Version ${wanted} of "${this.#state.definition.name}" is not deployed`);
    }
    return version.canServe ? { version, role: 'pinned', exposure: null } : this.#unavailable(version);
  }

  #unavailable(version: ServedVersion | undefined): PlatformError {
    const { name } = this.#state.definition;
    if (version === undefined) return new PlatformError('unavailable', `No version of "${name}" is deployed yet`);
    if (version.state === 'starting') return new PlatformError('unavailable', `"${name}" is starting; try again`);
    return new PlatformError('unavailable', `Version ${version.version} of "${name}" has failed: ${version.error}`);
  }

  #lookUp(version: ServedVersion, request: InferRequest, at: number): Float64Array[] {
    const { features } = version.plan!;
    if (features.length === 0) return [];
    const seen = new Map<string, Float64Array>();
    return features.map((feature) => this.#lookUpFeature(feature, request, at, seen));
  }

  #lookUpFeature(
    { view: name, feature, scale, keyInput }: LookedUpFeature,
    { rows, columns }: InferRequest,
    at: number,
    seen: Map<string, Float64Array>,
  ): Float64Array {
    const values = new Float64Array(rows).fill(Number.NaN);
    const view = this.#parts.views.get(name);
    const position = view?.positions.get(feature);
    if (view === undefined || position === undefined) return values;
    const keys = columns[keyInput]!;
    for (let row = 0; row < rows; row++) {
      const key = String(keys[row]);
      const place = `${name}\0${key}`;
      let found = seen.get(place);
      if (found === undefined) {
        found = view.read(key, at);
        seen.set(place, found);
      }
      values[row] = found[position]! * scale;
    }
    return values;
  }

  #finish(underway: Underway, { values, error }: Outcome): void {
    const { id, version } = underway;
    const answer = values === undefined ? null : { id, version: version.version, values, text: valuesText(values) };
    this.#finished.push({ underway, answer, error: error ?? null });
    this.#count(underway, error ?? null);
  }

  #count({ role, exposure, startedAt, at }: Underway, error: PlatformError | null): void {
    const { counts } = this;
    counts.requests++;
    counts.totalMs += performance.now() - startedAt;
    counts.lastAt = at;
    if (error !== null) counts.failed++;
    if (role !== 'candidate' || exposure === null) return;
    if (this.#candidate.rollout !== exposure.rollout) {
      this.#candidate = { rollout: exposure.rollout, requests: 0, failed: 0 };
    }
    this.#candidate.requests++;
    if (error !== null) this.#candidate.failed++;
    const { requests, failed } = this.#candidate;
    if (requests === FIRST_CANDIDATE_REQUESTS && failed === requests) {
      const { candidate } = this.#state.split ?? {};
      if (candidate !== undefined) this.#parts.refused(candidate, `All of its first ${requests} requests failed`);
    }
  }

  #isRefused(rollout: string): boolean {
    const { requests, failed } = this.#candidate;
    return this.#candidate.rollout === rollout && requests >= FIRST_CANDIDATE_REQUESTS && failed === requests;
  }

  /** Appends the line of a request; returns how many rows it stands for. Callers that left are not logged. */
  #log(underway: Underway, answer: InferAnswer | null, error: PlatformError | null): number {
    const { request, version, looked } = underway;
    if (answer === null && request.isAbandoned?.() === true) return 0;
    const inputsText = this.#inputKeys.map((key, i) => key + columnText(request.columns[i]!)).join(',');
    const featuresText = looked
      .map((values, i) => `${JSON.stringify(version.plan!.features[i]!.name)}:${columnText([...values])}`)
      .join(',');
    this.#parts.spool.append(
      'p',
      predictionFields({
        id: underway.id,
        rows: request.rows,
        at: underway.at,
        version: version.version,
        role: underway.role,
        exposure: underway.exposure,
        stickyKey: underway.stickyKey,
        ms: performance.now() - underway.startedAt,
        error: error === null ? null : error.message.slice(0, 500),
        inputsText,
        featuresText,
        valuesText: answer?.text ?? null,
      }),
    );
    return request.rows;
  }

  #noteLoss(failure: Error | null, rows: number): void {
    if (failure !== null && rows > 0) this.#parts.lost(rows);
  }

  #remember({ id, at, request }: Underway): void {
    const columns = Object.fromEntries(this.#inputNames.map((name, i) => [name, request.columns[i]!]));
    this.#parts.pending.add(id, at, request.rows, columns);
  }

  /** While a rollout runs, both of its versions score every row, so that their losses can be compared in pairs. */
  #mirror({ id, at, request, role, exposure }: Underway): void {
    if (exposure === null || exposure.rollout !== this.#state.split?.rollout) return;
    const other = role === 'candidate' ? this.#state.champion : this.#state.split.candidate;
    const version = other === null ? undefined : this.versions.get(other);
    if (version?.canServe === true) this.#shadow(version, request, id, at, exposure);
  }

  #shadow(version: ServedVersion, request: InferRequest, id: string, at: number, exposure: Exposure): void {
    const startedAt = performance.now();
    const { rows } = request;
    version.submit({
      rows,
      tensors: fillTensors(version.plan!, rows, request.columns, this.#lookUp(version, request, at)),
      deadline: startedAt + SHADOW_PATIENCE_MS,
      isShadow: true,
      settle: ({ values, error }) => {
        // What was shed says nothing about the model.
        if (error !== undefined && error.code !== 'internal') return;
        const parts = { id, rows, at, version: version.version, exposure, ms: performance.now() - startedAt };
        const text = values === undefined ? null : valuesText(values);
        this.#parts.spool.append('s', shadowFields({ ...parts, error: error?.message ?? null, valuesText: text }));
      },
    });
  }
}
