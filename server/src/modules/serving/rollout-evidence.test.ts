import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { readdirSync } from 'node:fs';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { EndpointDefinition, RolloutPlan } from '@flyball/api';
import fc from 'fast-check';
import { ReusedSandbox } from '#platform/analytics/reused-sandbox';
import { createTestPlatform, type TestPlatform } from '#testing/test-platform';
import { waitFor } from '#testing/wait-for';
import { upsertEndpoint } from './endpoint-store.ts';
import { type IngestParts, ingestLog } from './ingest-log.ts';
import { RolloutEvidence } from './rollout-evidence.ts';
import type { RolloutFacts } from './rollout-facts.ts';
import { findActiveRollout, insertRollout, type RolloutRow } from './rollout-store.ts';
import { Spool } from './spool.ts';
import { spoolFolder } from './spool-files.ts';
import { labelFields, predictionFields, shadowFields } from './spool-line.ts';

const CHAMPION = 1;
const CANDIDATE = 2;
const SLOW_MS = 100;
const MINUTE = 60_000;
const FIRST_REQUESTS = 20;
const WEIGHTS = [0, 0.25, 0.5];

interface Asked {
  readonly name: string;
  readonly sequence: number;
  readonly at: number;
  readonly step: number;
  /** Of this rollout, not of another one or of none. */
  readonly isOurs: boolean;
  readonly isCandidate: boolean;
  readonly isSlow: boolean;
  readonly values: readonly number[] | null;
  readonly rows: number;
  score?: { readonly sequence: number; readonly isSlow: boolean; readonly values: readonly number[] | null };
}

interface Label {
  readonly sequence: number;
  readonly at: number;
  readonly value: number;
  readonly row: number;
  readonly isOf: (asked: Asked) => boolean;
}

/** What was written to the log, and what follows from it in plain words. */
class Model {
  readonly asked: Asked[] = [];
  readonly labels: Label[] = [];

  /** What is known from the lines up to one. */
  facts(lastLine: number, until: number): RolloutFacts {
    const asked = this.asked.filter((one) => one.isOurs && one.sequence <= lastLine && one.at < until);
    const scored = asked.filter(({ score }) => score !== undefined && score.sequence <= lastLine);
    const steps = [...new Set(asked.map(({ step }) => step))].sort();
    const first = (some: readonly Asked[]): number => Math.min(...some.map(({ at }) => at));
    const byCandidate = [
      ...asked.filter(({ isCandidate }) => isCandidate).map((one) => ({ ...one, isBad: one.values === null })),
      ...scored.filter(({ isCandidate }) => !isCandidate).map((one) => ({ ...one, isBad: one.score!.values === null })),
    ].sort((a, b) => a.at - b.at || a.sequence - b.sequence);
    const start = byCandidate.slice(0, FIRST_REQUESTS);
    return {
      steps: steps.map((step) => this.#counts(step, asked, scored)),
      clusters: this.#clusters(scored, lastLine, until),
      stepFrom: new Map(steps.map((step) => [step, new Date(first(asked.filter((one) => one.step === step)))])),
      firstAt: asked.length === 0 ? null : new Date(first(asked.filter(({ step }) => step === steps[0]))),
      candidateAnsweredRows: asked.reduce((sum, { isCandidate, rows }) => sum + (isCandidate ? rows : 0), 0),
      startedBroken: start.length === FIRST_REQUESTS && start.every(({ isBad }) => isBad),
    };
  }

  #counts(step: number, asked: readonly Asked[], scored: readonly Asked[]): RolloutFacts['steps'][number] {
    const own = asked.filter((one) => one.step === step);
    const champion = own.filter(({ isCandidate }) => !isCandidate);
    const candidate = [
      ...own.filter(({ isCandidate }) => isCandidate),
      ...(WEIGHTS[step] === 0 ? scored.filter((one) => one.step === step).map(({ score }) => score!) : []),
    ];
    return {
      step,
      candidate: candidate.length,
      champion: champion.length,
      candidateErrors: candidate.filter(({ values }) => values === null).length,
      championErrors: champion.filter(({ values }) => values === null).length,
      candidateSlow: candidate.filter(({ isSlow }) => isSlow).length,
      championSlow: champion.filter(({ isSlow }) => isSlow).length,
    };
  }

  #clusters(scored: readonly Asked[], lastLine: number, until: number): RolloutFacts['clusters'] {
    const known = this.labels.filter(({ sequence, at }) => sequence <= lastLine && at < until);
    const clusters = new Map<string, { step: number; at: number; losses: [candidate: number, champion: number][] }>();
    for (const asked of scored) {
      const { step, at, values, score, isCandidate } = asked;
      if (values === null || score!.values === null) continue;
      for (const [row, own] of values.entries()) {
        const label = known.find((one) => one.row === row && one.isOf(asked));
        if (label === undefined) continue;
        const loss = (p: number): number => -Math.log(label.value > 0.5 ? p : 1 - p);
        const [mine, other] = [loss(own), loss(score!.values[row]!)];
        const key = `${step} ${Math.floor(at / (5 * MINUTE))}`;
        const cluster = clusters.get(key) ?? { step, at, losses: [] };
        cluster.losses.push(isCandidate ? [mine, other] : [other, mine]);
        clusters.set(key, { ...cluster, at: Math.min(cluster.at, at) });
      }
    }
    const mean = (some: readonly number[]): number => some.reduce((sum, one) => sum + one, 0) / some.length;
    return [...clusters.values()]
      .sort((a, b) => a.at - b.at || a.step - b.step)
      .map(({ step, losses }) => ({
        step,
        rows: losses.length,
        candidateLoss: mean(losses.map(([candidate]) => candidate)),
        championLoss: mean(losses.map(([, champion]) => champion)),
      }));
  }
}

const minutes = fc.integer({ min: 0, max: 40 });
const value = fc.integer({ min: 1, max: 9 }).map((tenths) => tenths / 10);
const answer = fc.option(fc.array(value, { minLength: 3, maxLength: 3 }), { nil: null, freq: 8 });
const operation = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('ask' as const),
      name: fc.integer({ min: 0, max: 30 }),
      minute: minutes,
      step: fc.integer({ min: 0, max: 2 }),
      isOurs: fc.integer({ min: 0, max: 6 }).map((n) => n > 0),
      isCandidate: fc.boolean(),
      isSlow: fc.boolean(),
      rows: fc.integer({ min: 1, max: 3 }),
      values: answer,
    }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('score' as const),
      which: fc.nat(),
      isSlow: fc.boolean(),
      values: answer,
    }),
  },
  {
    weight: 9,
    arbitrary: fc.record({
      kind: fc.constant('label' as const),
      which: fc.nat(),
      row: fc.integer({ min: 0, max: 3 }),
      minute: minutes,
      isForgotten: fc.boolean(),
      value: fc.integer({ min: 0, max: 1 }),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('look' as const), minute: minutes }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('join' as const) }) },
);
type Operation = typeof operation extends fc.Arbitrary<infer T> ? T : never;

/** An endpoint with a rollout, a spool that is written by hand, and a model of what it holds. */
class Scene {
  readonly model = new Model();
  readonly rollout: RolloutRow;
  readonly #parts: IngestParts;
  readonly #spool: Spool;

  private constructor(parts: IngestParts, rollout: RolloutRow, spool: Spool) {
    this.#parts = parts;
    this.rollout = rollout;
    this.#spool = spool;
  }

  static async open(parts: IngestParts): Promise<Scene> {
    const { database, config } = parts.platform;
    const endpointId = randomUUID();
    const inputs = [{ name: 'x', datatype: 'FP64' as const }];
    const definition = EndpointDefinition.parse({
      name: `e-${endpointId}`,
      model: 'm',
      inputs,
      target: { kind: 'binary' },
    });
    await upsertEndpoint(database, 'default', endpointId, definition);
    const plan = RolloutPlan.parse({ metrics: [{ kind: 'slow', objectiveMs: SLOW_MS }] });
    const id = randomUUID();
    const by = { plan, plan_digest: '', started_by: 'test' };
    await insertRollout(database, { id, endpoint_id: endpointId, champion: CHAMPION, candidate: CANDIDATE, ...by });
    const folder = spoolFolder(config.dataDir, endpointId);
    const spool = new Spool({ folder, sync: 'interval', known: { position: 0, sequence: 0 } });
    return new Scene(parts, (await findActiveRollout(database, endpointId))!, spool);
  }

  close(): void {
    this.#spool.close();
  }

  /** Lines that were written so far. */
  async ingest(): Promise<number> {
    await new Promise<void>((resolve) => this.#spool.flush(() => resolve()));
    await ingestLog(this.#parts, this.rollout.endpoint_id);
    return Math.max(0, ...this.#sequences());
  }

  *#sequences(): Generator<number> {
    for (const { sequence, score } of this.model.asked) yield* [sequence, score?.sequence ?? 0];
    for (const { sequence } of this.model.labels) yield sequence;
  }

  ask(one: Extract<Operation, { kind: 'ask' }>): void {
    const { step, rows } = one;
    const isCandidate = one.isCandidate && WEIGHTS[step]! > 0;
    const values = one.values?.slice(0, rows) ?? null;
    const name = `r${one.name}`;
    const at = one.minute * MINUTE;
    const fields = predictionFields({
      id: name,
      rows,
      at,
      version: isCandidate ? CANDIDATE : CHAMPION,
      role: isCandidate ? 'candidate' : 'champion',
      exposure: { rollout: one.isOurs ? this.rollout.id : randomUUID(), step, weight: WEIGHTS[step]! },
      stickyKey: null,
      ms: one.isSlow ? SLOW_MS + 1 : 1,
      error: values === null ? 'broken' : null,
      inputsText: `"x":[${Array(rows).fill(0).join(',')}]`,
      featuresText: '',
      valuesText: values === null ? null : JSON.stringify(values),
    });
    const sequence = this.#spool.append('p', fields);
    this.model.asked.push({ ...one, isCandidate, name, at, values, sequence });
  }

  score({ which, isSlow, values }: Extract<Operation, { kind: 'score' }>): void {
    const open = this.model.asked.filter(({ isOurs, score }) => isOurs && score === undefined);
    const asked = open[which % open.length];
    if (asked === undefined) return;
    const { name, at, step, rows, isCandidate } = asked;
    const own = values?.slice(0, rows) ?? null;
    const fields = shadowFields({
      id: name,
      requestSequence: asked.sequence,
      rows,
      at,
      version: isCandidate ? CHAMPION : CANDIDATE,
      exposure: { rollout: this.rollout.id, step, weight: WEIGHTS[step]! },
      ms: isSlow ? SLOW_MS + 1 : 1,
      error: own === null ? 'broken' : null,
      valuesText: own === null ? null : JSON.stringify(own),
    });
    asked.score = { sequence: this.#spool.append('s', fields), isSlow, values: own };
  }

  /** The gateway knows the request, or has forgotten it: then the name may also be that of a later one. */
  label({ which, row, minute, isForgotten, value }: Extract<Operation, { kind: 'label' }>): void {
    const known = this.model.asked[which % this.model.asked.length];
    if (!isForgotten && (known === undefined || row >= known.rows)) return;
    const name = isForgotten ? `r${which % 30}` : known!.name;
    const requestSequence = isForgotten ? null : known!.sequence;
    const at = minute * MINUTE;
    const label = { id: `${name}.${row}`, at, value, predictedAt: null, requestSequence };
    const sequence = this.#spool.append('l', labelFields([label]));
    const isOf = (asked: Asked): boolean => (isForgotten ? asked.name === name : asked.sequence === requestSequence);
    this.model.labels.push({ sequence, at, value, row, isOf });
  }
}

/** Equal but for the last digits of means, which depend on the order of their rows. */
function assertSame(actual: RolloutFacts, expected: RolloutFacts, message: string): void {
  const rounded = ({ clusters, ...rest }: RolloutFacts) => ({
    ...rest,
    clusters: clusters.map(({ candidateLoss, championLoss, ...cluster }) => ({
      ...cluster,
      candidateLoss: candidateLoss.toPrecision(9),
      championLoss: championLoss.toPrecision(9),
    })),
  });
  assert.deepEqual(rounded(actual), rounded(expected), message);
}

describe('evidence of a rollout', () => {
  let test: TestPlatform;
  let parts: IngestParts;
  before(async () => {
    test = await createTestPlatform({ analyticsMemoryMb: 128 });
    const { platform } = test;
    parts = { platform, ingestion: new ReusedSandbox(platform.analytics, { name: 'ingest' }, 3_600_000) };
  });
  after(() => test.close());
  const heldFolders = () => readdirSync(path.join(test.platform.config.dataDir, 'scratch', 'test')).length;

  async function play(operations: readonly Operation[]): Promise<void> {
    const scene = await Scene.open(parts);
    let kept = new RolloutEvidence(parts);
    const look = async (minute: number): Promise<void> => {
      const line = await scene.ingest();
      const until = new Date(minute * MINUTE);
      const expected = scene.model.facts(line, until.getTime());
      assertSame(await kept.facts(scene.rollout, until), expected, 'what was read before is kept');
      const fresh = new RolloutEvidence(parts);
      assertSame(await fresh.facts(scene.rollout, until), expected, 'everything is read now');
      await fresh.close();
    };
    const join = async (): Promise<void> => {
      await kept.close();
      kept = new RolloutEvidence(parts);
    };
    for (const one of operations) {
      if (one.kind === 'look') await look(one.minute);
      else if (one.kind === 'join') await join();
      else if (one.kind === 'ask') scene.ask(one);
      else if (one.kind === 'score') scene.score(one);
      else scene.label(one);
    }
    await look(41);
    await look(20);
    await kept.close();
    scene.close();
  }

  it('is the same whether or not something was read before, at any moment and in any order of looks', async () => {
    const history = fc.array(operation, { minLength: 20, maxLength: 120, size: 'max' });
    await fc.assert(fc.asyncProperty(history, play), { numRuns: 4, endOnFailure: true });
  });

  it('keeps the newest four rollouts, until they end', async () => {
    const others = heldFolders();
    const evidence = new RolloutEvidence(parts);
    const scenes = await Promise.all([1, 2, 3, 4, 5].map(() => Scene.open(parts)));
    for (const { rollout } of scenes) assert.equal((await evidence.facts(rollout, new Date())).firstAt, null);
    await evidence.facts(scenes[4]!.rollout, new Date());
    await waitFor(() => heldFolders() === others + 4);
    await evidence.close();
    assert.equal(heldFolders(), others);
    for (const scene of scenes) scene.close();
  });
});
