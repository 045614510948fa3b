import { setTimeout as pause } from 'node:timers/promises';
import type { FeatureView } from '@flyball/api';
import { createOnlineWindows, type OnlineWindows } from '#features';
import { type FeedbackEvent, feedView, type ViewEvent } from './feedback-event.ts';
import type { ServingParts } from './parts.ts';

/** An endpoint whose labels become rows of a dataset. */
export interface FeedbackSource {
  readonly dataset: string;
  readonly fillings: Readonly<Record<string, string>>;
  /** Which labels are rows of the dataset already; null while that is changing. */
  covered(): Promise<CoveredLabels | null>;
  /** Labelled rows that are not covered, from the log up to now. */
  replay(covered: CoveredLabels, visit: (event: FeedbackEvent) => void): Promise<void>;
}

/** Labels with a number up to `sequence` that became known by `untilMs`. */
export interface CoveredLabels {
  readonly sequence: number;
  readonly untilMs: number;
}

export interface OnlineView {
  readonly view: FeatureView;
  /** Position of each feature among the values of `read`. */
  readonly positions: ReadonlyMap<string, number>;
  /** Values of a key as they were known at a moment; NaN for none. */
  read(key: string, atMs: number): Float64Array;
}

interface Loaded extends OnlineView {
  windows: OnlineWindows;
  /** Events that came while new windows are being filled, of the sources whose log is read already. */
  arriving: Map<FeedbackSource, ViewEvent[]>;
  seededAt: number;
}

type Feed = { readonly loaded: Loaded; readonly toEvent: (event: FeedbackEvent) => ViewEvent | null };

const EXPIRE_EVERY_MS = 10 * 60_000;
/** Requests may be late by this much and still find what was known then. */
const LATENESS_MS = 60 * 60_000;
const MAX_TRIES = 50;
const RETRY_MS = 100;
const NOTHING: CoveredLabels = { sequence: 0, untilMs: Number.NEGATIVE_INFINITY };

/**
 * The windows of the feature views that a project's versions look up: filled from the history of their dataset and from
 * labels that are on their way into it, and kept up to date by every label.
 */
export class OnlineViews {
  readonly #parts: ServingParts;
  readonly #project: string;
  readonly #sources: () => Iterable<FeedbackSource>;
  readonly #views = new Map<string, Loaded>();
  readonly #loading = new Map<string, Promise<void>>();
  #feeds = new Map<FeedbackSource, readonly Feed[]>();
  #expiredAt = 0;

  constructor(parts: ServingParts, project: string, sources: () => Iterable<FeedbackSource>) {
    this.#parts = parts;
    this.#project = project;
    this.#sources = sources;
  }

  get(name: string): OnlineView | undefined {
    return this.#views.get(name);
  }

  /** Loads a view as of an event time, once. */
  async ensure(name: string, atMs: number): Promise<void> {
    if (this.#views.has(name)) return;
    const loading = this.#loading.get(name) ?? this.#load(name, atMs).finally(() => this.#loading.delete(name));
    this.#loading.set(name, loading);
    await loading;
  }

  /** Forgets what the endpoints' definitions decide, after they changed. */
  refresh(): void {
    this.#feeds = new Map();
  }

  /** Fills the windows of views anew whose definition, or whose dataset, changed. */
  async reload(affected: (view: FeatureView) => boolean, atMs: number): Promise<void> {
    for (const loaded of [...this.#views.values()]) {
      if (affected(loaded.view)) await this.#load(loaded.view.name, Math.max(atMs, loaded.seededAt));
    }
  }

  /** The truth about a prediction: an event for every view over the source's dataset. */
  add(source: FeedbackSource, event: FeedbackEvent): void {
    for (const { loaded, toEvent } of this.#feedsOf(source)) {
      const viewEvent = toEvent(event);
      if (viewEvent === null) continue;
      loaded.arriving.get(source)?.push(viewEvent);
      put(loaded.windows, viewEvent);
    }
  }

  /** Lets go of events that no question near this moment can reach. */
  expire(nowMs: number): void {
    if (nowMs - this.#expiredAt < EXPIRE_EVERY_MS) return;
    this.#expiredAt = nowMs;
    for (const { windows } of this.#views.values()) windows.expire(nowMs - LATENESS_MS);
  }

  async #load(name: string, atMs: number): Promise<void> {
    const view = await this.#parts.features.getView(this.#project, name);
    const before = this.#views.get(name);
    const loaded: Loaded = {
      view,
      positions: new Map(view.features.map((feature, i) => [feature.name, i])),
      read: (key, moment) => loaded.windows.read(key, moment),
      windows: before?.windows ?? createOnlineWindows(view),
      arriving: new Map(),
      seededAt: atMs,
    };
    this.#views.set(name, loaded);
    this.#feeds = new Map();
    try {
      const windows = await this.#fill(loaded, atMs);
      for (const events of loaded.arriving.values()) for (const event of events) put(windows, event);
      loaded.windows = windows;
      loaded.arriving = new Map();
    } catch (error) {
      if (before === undefined) this.#views.delete(name);
      else this.#views.set(name, before);
      this.#feeds = new Map();
      throw error;
    }
  }

  /** New windows from the dataset and from what is still on its way into it. */
  async #fill(loaded: Loaded, atMs: number): Promise<OnlineWindows> {
    const { view } = loaded;
    const sources = [...this.#sources()].filter(({ dataset }) => dataset === view.source.dataset);
    for (let tries = 0; ; tries++) {
      const windows = createOnlineWindows(view);
      const covered = await Promise.all(sources.map((source) => source.covered()));
      const events = await this.#parts.features.seedOnline(this.#project, view, atMs);
      const after = await Promise.all(sources.map((source) => source.covered()));
      // A snapshot that moves labels into the dataset meanwhile would make them count twice, or not at all.
      const isStable = after.every((now, i) => now !== null && now.sequence === covered[i]?.sequence);
      if (!isStable && tries < MAX_TRIES) {
        await pause(RETRY_MS);
        continue;
      }
      for (const event of events) put(windows, event);
      for (const [i, source] of sources.entries()) {
        const toEvent = feedView(view, source.fillings);
        if (toEvent === null) continue;
        loaded.arriving.set(source, []);
        await source.replay(after[i] ?? covered[i] ?? NOTHING, (event) => putIfAny(windows, toEvent(event)));
      }
      return windows;
    }
  }

  #feedsOf(source: FeedbackSource): readonly Feed[] {
    const known = this.#feeds.get(source);
    if (known !== undefined) return known;
    const feeds: Feed[] = [];
    for (const loaded of this.#views.values()) {
      if (loaded.view.source.dataset !== source.dataset) continue;
      const toEvent = feedView(loaded.view, source.fillings);
      if (toEvent !== null) feeds.push({ loaded, toEvent });
    }
    this.#feeds.set(source, feeds);
    return feeds;
  }
}

function put(windows: OnlineWindows, { key, happenedMs, knownMs, row }: ViewEvent): void {
  windows.add(key, happenedMs, knownMs, row);
}

function putIfAny(windows: OnlineWindows, event: ViewEvent | null): void {
  if (event !== null) put(windows, event);
}
