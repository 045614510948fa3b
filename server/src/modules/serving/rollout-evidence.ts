import { rm } from 'node:fs/promises';
import { isDeepStrictEqual } from 'node:util';
import type { AnalyticsSession, HeldAnalytics } from '#platform/analytics/analytics';
import { type EndpointRow, findEndpointById } from './endpoint-store.ts';
import { localPaths } from './log-relation.ts';
import type { PlatformParts } from './parts.ts';
import { type RolloutFacts, readRolloutFacts } from './rollout-facts.ts';
import { type RolloutQuestion, rolloutQuestion } from './rollout-question.ts';
import type { RolloutRow } from './rollout-store.ts';
import { addToRollout, createRolloutTables, type NewFiles } from './rollout-tables.ts';
import { type SegmentKind, segmentsSince } from './segment-store.ts';

const MOST_KEPT = 4;
const IDLE_MS = 5 * 60_000;

interface Kept {
  readonly question: RolloutQuestion;
  readonly held: HeldAnalytics;
  batch: number;
  /** Last line of the log that the tables have. */
  sequence: number;
  idle: NodeJS.Timeout | undefined;
}

/**
 * Reads from the log what the verdicts on rollouts rest on. What was read of a running rollout is kept for the next
 * look, which reads only what is new; another process starts from nothing and finds the same.
 */
export class RolloutEvidence {
  readonly #parts: PlatformParts;
  /** By endpoint, the least recently used first. */
  readonly #kept = new Map<string, Kept>();

  constructor(parts: PlatformParts) {
    this.#parts = parts;
  }

  /** What the log says of a rollout, as it was known at a moment. */
  async facts(rollout: RolloutRow, at: Date): Promise<RolloutFacts> {
    const endpoint = (await findEndpointById(this.#parts.platform.database, rollout.endpoint_id))!;
    const kept = this.#keep(endpoint, rollout);
    try {
      return await kept.held.use(async (session) => {
        await this.#update(session, kept);
        return await readRolloutFacts(session, rollout.candidate, at);
      });
    } catch (error) {
      if (this.#kept.get(endpoint.id) === kept) this.forget(endpoint.id);
      throw error;
    } finally {
      kept.idle?.refresh();
    }
  }

  /** Drops what is kept of an endpoint's rollout. */
  forget(endpointId: string): void {
    const kept = this.#kept.get(endpointId);
    if (kept === undefined) return;
    this.#kept.delete(endpointId);
    clearTimeout(kept.idle);
    kept.held.close().catch((error: unknown) => {
      this.#parts.platform.log.warn({ err: error, endpointId }, 'what was read of a rollout cannot be removed');
    });
  }

  async close(): Promise<void> {
    const all = [...this.#kept.values()];
    this.#kept.clear();
    for (const { idle } of all) clearTimeout(idle);
    await Promise.all(all.map(({ held }) => held.close()));
  }

  #keep(endpoint: EndpointRow, rollout: RolloutRow): Kept {
    const question = rolloutQuestion(endpoint, rollout);
    const known = this.#kept.get(endpoint.id);
    const isUsable = known !== undefined && !known.held.isClosed && isDeepStrictEqual(known.question, question);
    if (known !== undefined && !isUsable) this.forget(endpoint.id);
    const kept = isUsable ? known : this.#start(endpoint.id, question);
    this.#kept.delete(endpoint.id);
    this.#kept.set(endpoint.id, kept);
    for (const oldest of [...this.#kept.keys()].slice(0, -MOST_KEPT)) this.forget(oldest);
    return kept;
  }

  #start(endpointId: string, question: RolloutQuestion): Kept {
    const held = this.#parts.platform.analytics.hold({ name: 'rollout-evidence', threads: 1 });
    const kept: Kept = { question, held, batch: 0, sequence: 0, idle: undefined };
    kept.idle = setTimeout(() => {
      if (this.#kept.get(endpointId) === kept) this.forget(endpointId);
    }, IDLE_MS).unref();
    return kept;
  }

  /** Brings the tables up to what the log has now. */
  async #update(session: AnalyticsSession, kept: Kept): Promise<void> {
    if (kept.batch === 0) await createRolloutTables(session);
    const { database } = this.#parts.platform;
    const { endpointId, startedAt } = kept.question;
    // A rollout's requests and their labels are logged after it has started.
    const segments = await segmentsSince(database, endpointId, startedAt, kept.sequence);
    if (kept.batch > 0 && segments.length === 0) return;
    const batch = kept.batch + 1;
    const attach = async (kind: SegmentKind): Promise<string[]> => {
      const paths = await localPaths(
        this.#parts,
        segments.filter((segment) => segment.kind === kind),
      );
      return await Promise.all(paths.map((path, i) => session.attach(`${kind}-${batch}-${i}.parquet`, path)));
    };
    const files: NewFiles = {
      predictions: await attach('predictions'),
      shadows: await attach('shadows'),
      labels: await attach('labels'),
    };
    await addToRollout(session, files, kept.question);
    for (const file of Object.values(files).flat()) await rm(file);
    kept.batch = batch;
    kept.sequence = Math.max(kept.sequence, ...segments.map(({ maxSequence }) => maxSequence));
  }
}
