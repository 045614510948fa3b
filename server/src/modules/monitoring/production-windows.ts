import type { Platform } from '#platform/platform';
import type { Serving } from '#serving';
import type { StoredMonitor } from './monitor-store.ts';
import { ProductionWindow } from './production-window.ts';

/** Monitors whose windows are kept in memory; those evaluated longest ago are read anew. */
const MOST_WINDOWS = 16;

/** The windows of the monitors that this process evaluates. */
export class ProductionWindows {
  readonly #platform: Platform;
  readonly #serving: Serving;
  readonly #windows = new Map<string, ProductionWindow>();

  constructor(platform: Platform, serving: Serving) {
    this.#platform = platform;
    this.#serving = serving;
  }

  of({ project, name, endpoint }: Pick<StoredMonitor, 'project' | 'name' | 'endpoint'>): ProductionWindow {
    const key = JSON.stringify([project, name, endpoint]);
    const window =
      this.#windows.get(key) ??
      new ProductionWindow(this.#platform.analytics, (kind, ...span) =>
        this.#serving.logFiles(kind, project, endpoint, ...span),
      );
    this.#windows.delete(key);
    this.#windows.set(key, window);
    for (const oldest of this.#windows.keys()) {
      if (this.#windows.size <= MOST_WINDOWS) break;
      this.#windows.delete(oldest);
    }
    return window;
  }
}
