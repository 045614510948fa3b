import { AsyncLocalStorage } from 'node:async_hooks';
import { setMaxListeners } from 'node:events';
import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { PlatformError } from '@flyball/api';
import { isAbandoned } from '../processes/owned-name.ts';
import type { Analytics, AnalyticsJob, HeldAnalytics } from './analytics.ts';
import { holdSandbox, once } from './sandbox.ts';

export interface AnalyticsOptions {
  /** Holds one folder per run; those of dead processes are removed at the start. */
  scratchDir: string;
  /** Per run, unless the run says otherwise. */
  memoryLimitMb: number;
  threads: number;
  /** How many runs may be active at once; further ones wait. */
  maxConcurrent?: number;
}

/**
 * Analytics by DuckDB within this process. Every run has an instance of its own: the sandbox is a property of the
 * instance, cannot be changed once it is locked, and a new instance takes about 12 ms. Work that comes back to its
 * tables holds one.
 */
export function createAnalytics(options: AnalyticsOptions): Analytics {
  const scratchDir = resolve(options.scratchDir);
  mkdirSync(scratchDir, { recursive: true, mode: 0o700 });
  for (const name of readdirSync(scratchDir)) {
    if (isAbandoned(name)) rmSync(join(scratchDir, name), { recursive: true, force: true });
  }
  const places = createPlaces(options.maxConcurrent ?? 4);
  const closing = new AbortController();
  setMaxListeners(0, closing.signal);
  const active = new Set<Promise<unknown>>();
  const held = new Set<HeldAnalytics>();
  const open = async (job: AnalyticsJob) => {
    // DuckDB takes its time to load, and the API starts without it.
    const { openSandbox } = await import('./duckdb-sandbox.ts');
    return await openSandbox(options, scratchDir, job);
  };

  async function inPlace<T>(job: AnalyticsJob, work: (stop: AbortSignal) => Promise<T>): Promise<T> {
    const stop = createStop(job, closing.signal);
    try {
      return await places.hold(stop.signal, () => {
        stop.startTimer();
        return work(stop.signal);
      });
    } finally {
      stop.clear();
    }
  }

  function track<T>(running: Promise<T>): Promise<T> {
    active.add(running);
    const forget = () => active.delete(running);
    running.then(forget, forget);
    return running;
  }

  return {
    run: (job, work) => track(inPlace(job, (stop) => once(() => open(job), stop, work))),
    hold(job) {
      const sandbox = holdSandbox(
        () => open(job),
        (work) => track(inPlace(job, work)),
        () => held.delete(sandbox),
      );
      held.add(sandbox);
      return sandbox;
    },
    async close() {
      closing.abort(new PlatformError('unavailable', 'The server is stopping; try again in a moment'));
      await Promise.allSettled(active);
      await Promise.all([...held].map((sandbox) => sandbox.close()));
    },
  };
}

/** One signal for the caller's cancellation, the time limit, and the end of the server. */
function createStop(job: AnalyticsJob, closing: AbortSignal) {
  const controller = new AbortController();
  const sources = job.signal ? [job.signal, closing] : [closing];
  const relay = (event: Event) => controller.abort((event.target as AbortSignal).reason);
  for (const source of sources) {
    if (source.aborted) controller.abort(source.reason);
    else source.addEventListener('abort', relay, { once: true });
  }
  let timer: NodeJS.Timeout | undefined;
  return {
    signal: controller.signal,
    startTimer() {
      const { name, timeoutMs } = job;
      if (timeoutMs === undefined) return;
      const message = `"${name}" took longer than its limit of ${timeoutMs / 1000} s and was stopped`;
      timer = setTimeout(() => controller.abort(new PlatformError('deadline_exceeded', message)), timeoutMs);
    },
    clear() {
      clearTimeout(timer);
      for (const source of sources) source.removeEventListener('abort', relay);
    },
  };
}

/** First come, first served. A run started within another one does not wait for it: that could last for ever. */
function createPlaces(limit: number) {
  const inside = new AsyncLocalStorage<true>();
  const waiting: (() => void)[] = [];
  let free = limit;

  function take(signal: AbortSignal): Promise<void> {
    if (free > 0) {
      free -= 1;
      return Promise.resolve();
    }
    return new Promise((granted, refused) => {
      const grant = () => {
        signal.removeEventListener('abort', leave);
        granted();
      };
      const leave = () => {
        waiting.splice(waiting.indexOf(grant), 1);
        refused(signal.reason);
      };
      waiting.push(grant);
      signal.addEventListener('abort', leave, { once: true });
    });
  }

  function give(): void {
    const next = waiting.shift();
    if (next) next();
    else free += 1;
  }

  return {
    async hold<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
      signal.throwIfAborted();
      if (inside.getStore()) return work();
      await take(signal);
      try {
        return await inside.run(true, work);
      } finally {
        give();
      }
    },
  };
}
