import type { Platform } from '#platform/platform';
import type { Serving } from '#serving';
import type { StoredMonitor } from './monitor-store.ts';
import { ProductionWindow } from './production-window.ts';

/** Windows and rows that are kept in memory, some 100 bytes a row; monitors evaluated longest ago are read anew. */
const MOST_WINDOWS = 32;
const MOST_ROWS = 3_000_000;

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
    this.#forgetOldest(key);
    return window;
  }

  #forgetOldest(wanted: string): void {
    let rows = 0;
    for (const { rowCount } of this.#windows.values()) rows += rowCount;
    for (const [oldest, { rowCount }] of this.#windows) {
      if (oldest === wanted || (this.#windows.size <= MOST_WINDOWS && rows <= MOST_ROWS)) return;
      this.#windows.delete(oldest);
      rows -= rowCount;
    }
  }
}
