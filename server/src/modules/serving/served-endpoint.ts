import { type EndpointDefinition, PlatformError } from '@flyball/api';
import type { Outcome } from './batcher.ts';
import { inputsBroughtBack } from './feedback-event.ts';
import type { InferAnswer, InferDone, InferRequest } from './infer-request.ts';
import { lookUpFeatures } from './look-up-features.ts';
import { fillTensors } from './model-inputs.ts';
import type { OnlineViews } from './online-views.ts';
import type { PendingPredictions } from './pending-predictions.ts';
import type { ServedVersion } from './served-version.ts';
import type { Spool } from './spool.ts';
import {
  type ColumnValues,
  columnText,
  type Exposure,
  fingerprintOf,
  type PredictionRole,
  predictionFields,
  shadowFields,
  valuesText,
} from './spool-line.ts';
import { stickyPosition } from './sticky-arm.ts';

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
  /** JSON of the inputs for the log; made while the model works. */
  inputsText: string | null;
  /** Number of its line in the log, once it is there. */
  sequence: number;
  readonly done: InferDone;
}

/** What the score of a shadow needs of the request's own line. */
type Mirrored = Pick<Underway, 'id' | 'sequence' | 'at'> & { readonly exposure: Exposure };

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
  /** Positions of the inputs that labels bring back; null where none are learned from. */
  #broughtBack: readonly number[] | null = null;
  #finished: {
    readonly underway: Underway;
    readonly answer: InferAnswer | null;
    readonly error: PlatformError | null;
  }[] = [];
  #candidate = { rollout: '', requests: 0, failed: 0 };
  #open = 0;
  /** Callers' ids that are under way, and who asks the same meanwhile. */
  readonly #givenIds = new Map<string, (() => void)[]>();

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
    const { inputs, stickyInput, feedback } = state.definition;
    this.#inputNames = inputs.map(({ name }) => name);
    this.#inputKeys = this.#inputNames.map((name) => `${JSON.stringify(name)}:`);
    this.#sticky = stickyInput === undefined ? -1 : this.#inputNames.indexOf(stickyInput);
    const wanted = inputsBroughtBack(feedback);
    this.#broughtBack = wanted === null ? null : [...wanted].map((name) => this.#inputNames.indexOf(name));
  }

  infer(request: InferRequest, done: InferDone): void {
    const startedAt = performance.now();
    const at = request.at ?? this.#parts.now();
    if (at > this.newestAt) this.newestAt = at;
    const inputsText = request.id === undefined ? null : this.#inputsTextOf(request);
    if (inputsText !== null && this.#answerAgain(request.id!, inputsText, request, done)) return;
    const id = this.#parts.pending.idFor(request.id);
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
    if (id === request.id) this.#givenIds.set(id, []);
    const looked = lookUpFeatures(this.#parts.views, arm.version.plan!.features, request, at);
    const underway: Underway = { id, request, at, startedAt, stickyKey, looked, inputsText, sequence: 0, done, ...arm };
    this.#open++;
    arm.version.submit({
      rows: request.rows,
      tensors: fillTensors(arm.version.plan!, request.rows, request.columns, looked),
      deadline: startedAt + (request.timeoutMs ?? this.#state.definition.timeoutMs),
      isShadow: false,
      dispatched: () => {
        underway.inputsText ??= this.#inputsTextOf(request);
      },
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
        if (answer !== null && failure === null) this.#remember(underway, answer);
        if (answer !== null || error?.code === 'internal') this.#mirror(underway);
        if (underway.id === underway.request.id) this.#admitWaiting(underway.id);
      }
    });
  }

  /** Scores a logged request by the other version of its rollout, after a restart had lost that. */
  mirrorAgain(
    request: InferRequest & { readonly id: string; readonly at: number },
    sequence: number,
    by: number,
    exposure: Exposure,
  ): void {
    const version = this.versions.get(by);
    if (version?.canServe === true)
      this.#shadow(version, request, { id: request.id, sequence, at: request.at, exposure });
  }

  #inputsTextOf({ columns }: InferRequest): string {
    let text = '';
    for (let i = 0; i < columns.length; i++) {
      text += (i === 0 ? '' : ',') + this.#inputKeys[i]! + columnText(columns[i]!);
    }
    return text;
  }

  /** Somebody who repeats a request, not knowing whether it arrived, gets the same answer and no second prediction. */
  #answerAgain(id: string, inputsText: string, request: InferRequest, done: InferDone): boolean {
    const waiting = this.#givenIds.get(id);
    if (waiting !== undefined) {
      waiting.push(() => this.infer(request, done));
      return true;
    }
    const answer = this.#parts.pending.get(id)?.answer;
    if (answer?.fingerprint !== fingerprintOf(inputsText)) return false;
    const { version, values } = answer;
    done(null, { id, version, values, text: valuesText(values) });
    return true;
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
    const featuresText = looked
      .map((values, i) => `${JSON.stringify(version.plan!.features[i]!.name)}:${columnText([...values])}`)
      .join(',');
    underway.sequence = this.#parts.spool.append(
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
        inputsText: underway.inputsText ?? this.#inputsTextOf(request),
        featuresText,
        valuesText: answer?.text ?? null,
      }),
    );
    return request.rows;
  }

  #noteLoss(failure: Error | null, rows: number): void {
    if (failure !== null && rows > 0) this.#parts.lost(rows);
  }

  #remember({ id, sequence, at, request, inputsText }: Underway, { version, values }: InferAnswer): void {
    // Only a caller who chose the id can ask again by it.
    const answer = id === request.id ? { version, values, fingerprint: fingerprintOf(inputsText!) } : null;
    const columns = this.#columnsToKeep(request);
    this.#parts.pending.add({ id, sequence, at, rows: request.rows, columns, answer });
  }

  #columnsToKeep({ columns }: InferRequest): Readonly<Record<string, ColumnValues>> | null {
    if (this.#broughtBack === null) return null;
    const kept: Record<string, ColumnValues> = {};
    for (const i of this.#broughtBack) kept[this.#inputNames[i]!] = columns[i]!;
    return kept;
  }

  #admitWaiting(id: string): void {
    const waiting = this.#givenIds.get(id) ?? [];
    this.#givenIds.delete(id);
    for (const ask of waiting) ask();
  }

  /** While a rollout runs, both of its versions score every row, so that their losses can be compared in pairs. */
  #mirror({ id, sequence, at, request, role, exposure }: Underway): void {
    if (exposure === null || exposure.rollout !== this.#state.split?.rollout) return;
    const other = role === 'candidate' ? this.#state.champion : this.#state.split.candidate;
    const version = other === null ? undefined : this.versions.get(other);
    if (version?.canServe === true) this.#shadow(version, request, { id, sequence, at, exposure });
  }

  #shadow(version: ServedVersion, request: InferRequest, { id, sequence, at, exposure }: Mirrored): void {
    const startedAt = performance.now();
    const { rows } = request;
    const plan = version.plan!;
    version.submit({
      rows,
      tensors: fillTensors(plan, rows, request.columns, lookUpFeatures(this.#parts.views, plan.features, request, at)),
      deadline: startedAt + SHADOW_PATIENCE_MS,
      isShadow: true,
      settle: ({ values, error }) => {
        // What was shed says nothing about the model.
        if (error !== undefined && error.code !== 'internal') return;
        const ms = performance.now() - startedAt;
        const parts = { id, requestSequence: sequence, rows, at, version: version.version, exposure, ms };
        const text = values === undefined ? null : valuesText(values);
        this.#parts.spool.append('s', shadowFields({ ...parts, error: error?.message ?? null, valuesText: text }));
      },
    });
  }
}
