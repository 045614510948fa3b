import { GatewayWatch } from './await-gateway.ts';
import { WATERMARK_MOVED } from './channels.ts';
import { type EndpointRow, endpointsToSettle, followClock, listAllEndpoints } from './endpoint-store.ts';
import { ingestLog } from './ingest-log.ts';
import { withLock } from './lock-store.ts';
import type { ServingParts } from './parts.ts';
import { pruneSpool } from './prune-spool.ts';
import { RolloutEvidence } from './rollout-evidence.ts';
import type { AdvanceHook } from './serving-door.ts';
import { type Settling, settleEndpoint } from './settle-endpoint.ts';
import { listSpoolFiles, spoolFolder } from './spool-files.ts';

const TICK_MS = 1_000;
const FOLLOW_EVERY_MS = 5_000;
const PRUNE_EVERY_MS = 60_000;
/** Live traffic may be this late and still count. */
const LATENESS_MS = 60_000;
/** New lines enter the log after this time, or when there are many. */
const INGEST_AFTER_MS = 5_000;
const INGEST_BYTES = 8 * 1024 * 1024;

/** The part of serving that works in the background: log, rollouts, watermarks. */
export class ServingWorker {
  readonly #parts: ServingParts;
  readonly #gateway: GatewayWatch;
  readonly #evidence: RolloutEvidence;
  readonly #settling: Settling;
  readonly #stop = new AbortController();
  readonly #active = new Map<string, Promise<void>>();
  readonly #again = new Set<string>();
  readonly #backlogSince = new Map<string, number>();
  readonly #undo: (() => unknown)[] = [];
  #ticking: Promise<void> = Promise.resolve();
  #isTicking = false;
  #followedAt = 0;
  #prunedAt = 0;

  constructor(parts: ServingParts, hooks: readonly AdvanceHook[]) {
    this.#parts = parts;
    this.#gateway = new GatewayWatch(parts);
    this.#evidence = new RolloutEvidence(parts);
    const { signal } = this.#stop;
    this.#settling = { parts, gateway: this.#gateway, evidence: this.#evidence, hooks, signal };
  }

  async start(): Promise<void> {
    const { database } = this.#parts.platform;
    await this.#gateway.start();
    this.#undo.push(
      await database.listen(WATERMARK_MOVED, (endpointId) => this.#settle(endpointId)),
      // What was announced while nobody listened is in the rows.
      database.onReconnect(() => {
        this.#followedAt = 0;
      }),
    );
    const timer = setInterval(() => this.#tick(), TICK_MS);
    this.#undo.push(() => clearInterval(timer));
    this.#tick();
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    for (const step of this.#undo.splice(0)) await step();
    await this.#ticking;
    await Promise.allSettled(this.#active.values());
    await this.#evidence.close();
    await this.#gateway.stop();
  }

  #settle(endpointId: string): void {
    if (this.#stop.signal.aborted) return;
    if (this.#active.has(endpointId)) {
      this.#again.add(endpointId);
      return;
    }
    const { platform } = this.#parts;
    const work = withLock(platform.database, `settle ${endpointId}`, () =>
      settleEndpoint(this.#settling, endpointId),
    ).then(
      () => undefined,
      (error: unknown) => {
        if (!this.#stop.signal.aborted) platform.log.error({ err: error, endpointId }, 'an endpoint cannot be settled');
      },
    );
    this.#active.set(endpointId, work);
    void work.then(() => {
      this.#active.delete(endpointId);
      if (this.#again.delete(endpointId)) this.#settle(endpointId);
    });
  }

  #tick(): void {
    if (this.#isTicking || this.#stop.signal.aborted) return;
    this.#isTicking = true;
    this.#ticking = this.#work().then(
      () => {
        this.#isTicking = false;
      },
      (error: unknown) => {
        this.#isTicking = false;
        if (!this.#stop.signal.aborted) this.#parts.platform.log.error({ err: error }, 'the serving worker stumbled');
      },
    );
  }

  async #work(): Promise<void> {
    const { database, clock } = this.#parts.platform;
    const now = performance.now();
    if (this.#followedAt === 0 || now - this.#followedAt > FOLLOW_EVERY_MS) {
      this.#followedAt = now;
      await followClock(database, new Date(clock.now().getTime() - LATENESS_MS));
      for (const { id } of await endpointsToSettle(database)) this.#settle(id);
    }
    const isPruning = now - this.#prunedAt > PRUNE_EVERY_MS;
    if (isPruning) this.#prunedAt = now;
    for (const endpoint of await listAllEndpoints(database)) {
      if (this.#isDue(endpoint, now) && !this.#active.has(endpoint.id)) await ingestLog(this.#parts, endpoint.id);
      if (isPruning) await pruneSpool(this.#parts, endpoint);
    }
  }

  /** Whether lines have waited long enough, or are many. */
  #isDue({ id, log_position }: EndpointRow, now: number): boolean {
    const last = listSpoolFiles(spoolFolder(this.#parts.platform.config.dataDir, id)).at(-1);
    const backlog = last === undefined ? 0 : last.start + last.sizeBytes - Number(log_position);
    if (backlog <= 0) {
      this.#backlogSince.delete(id);
      return false;
    }
    const since = this.#backlogSince.get(id) ?? now;
    this.#backlogSince.set(id, since);
    if (backlog < INGEST_BYTES && now - since < INGEST_AFTER_MS) return false;
    this.#backlogSince.delete(id);
    return true;
  }
}
