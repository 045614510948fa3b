import { randomBytes } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { PlatformError } from '@flyball/api';
import { GATEWAY_CAUGHT_UP, ROUTES_CHANGED, WATERMARK_MOVED } from './channels.ts';
import { keepDeployments, upsertDeployment } from './deployment-store.ts';
import { addLostPredictions, type EndpointRow, findEndpointById, listAllEndpoints } from './endpoint-store.ts';
import {
  closeEndpoint,
  feedbackOf,
  type HostedEndpoint,
  type HostingParts,
  hostEndpoint,
  mirrorMissing,
  refillPending,
  stateOf,
} from './hosted-endpoint.ts';
import { deploymentsOf, type KeepingParts, keepVersions } from './keep-versions.ts';
import { type CoveredLabels, type FeedbackSource, OnlineViews } from './online-views.ts';
import type { ServingParts } from './parts.ts';
import { type LabelReceipt, type NewLabel, recordLabels } from './record-labels.ts';
import { openReplicaHub, type ReplicaHub } from './replica-hub.ts';
import { listActiveRollouts, type RolloutRow } from './rollout-store.ts';
import type { ServedEndpoint } from './served-endpoint.ts';
import { openSnapshots } from './snapshot-store.ts';

const REFRESH_MS = 5_000;
const CATCH_UP_MS = 5_000;
const START_PATIENCE_MS = 30_000;
const SNAPSHOT_PATIENCE_MS = 600_000;

/** The part of serving that answers: endpoints with their versions, as the database says, kept up to date. */
export class Gateway {
  readonly #parts: ServingParts;
  readonly #hosted = new Map<string, HostedEndpoint>();
  readonly #byName = new Map<string, HostedEndpoint>();
  readonly #views = new Map<string, OnlineViews>();
  /** Versions that cannot even be started, with the reason, by endpoint. */
  readonly #broken = new Map<string, Map<number, string>>();
  readonly #lost = new Map<string, number>();
  readonly #undo: (() => unknown)[] = [];
  readonly #boot = randomBytes(6).toString('base64url').replaceAll('-', 'x').replaceAll('_', 'y');
  #lastHosted = 0;
  #hub: ReplicaHub | undefined;
  #turn: Promise<void> = Promise.resolve();
  #isReady = false;
  #isStopped = false;

  constructor(parts: ServingParts) {
    this.#parts = parts;
  }

  /** Everything that should be served has been looked at once. */
  get isReady(): boolean {
    return this.#isReady;
  }

  async start(): Promise<void> {
    const { database, events, log } = this.#parts.platform;
    this.#hub = await openReplicaHub();
    this.#undo.push(
      await database.listen(ROUTES_CHANGED, (payload) => this.#hear(payload)),
      database.onReconnect(() => void this.#inTurn(() => this.#reload())),
      events.listen(({ project, name, payload }) => this.#hearEvent(project, name, payload)),
    );
    await this.#inTurn(() => this.#reload());
    const timer = setInterval(() => {
      this.#inTurn(() => this.#reload()).catch((error: unknown) =>
        log.warn({ err: error }, 'endpoints cannot be read'),
      );
    }, REFRESH_MS);
    this.#undo.push(() => clearInterval(timer));
    this.#isReady = true;
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#isReady = false;
    for (const step of this.#undo.splice(0)) await step();
    await this.#turn.catch(() => undefined);
    await Promise.all([...this.#hosted.values()].map((hosted) => closeEndpoint(hosted, false)));
    this.#hosted.clear();
    this.#byName.clear();
    await this.#hub?.close();
  }

  find(project: string, name: string): ServedEndpoint | undefined {
    return this.#byName.get(`${project}/${name}`)?.served;
  }

  list(): { readonly project: string; readonly served: ServedEndpoint }[] {
    return [...this.#hosted.values()];
  }

  async recordLabels(project: string, name: string, labels: readonly NewLabel[]): Promise<LabelReceipt> {
    const hosted = this.#byName.get(`${project}/${name}`);
    if (hosted === undefined) throw new PlatformError('not_found', `No endpoint called "${name}"`);
    const { served, views, feedback } = hosted;
    const receipt = await recordLabels(
      {
        spool: served.spool,
        pending: served.pending,
        learned: (event) => {
          if (feedback !== null) views.add(feedback, event);
        },
      },
      labels,
    );
    views.expire(served.newestAt);
    return receipt;
  }

  #hear(payload: string): void {
    const [endpoint = '', token] = payload.split(' ');
    const { log } = this.#parts.platform;
    const work = async (): Promise<void> => {
      await this.#inTurn(() => this.#reload(endpoint));
      if (token !== undefined) await this.#answerCaughtUp(endpoint, token);
    };
    work().catch((error: unknown) => log.error({ err: error }, 'a change of an endpoint cannot be followed'));
  }

  #hearEvent(project: string, name: string, payload: Record<string, unknown>): void {
    const views = this.#views.get(project);
    if (views === undefined) return;
    const { log, clock } = this.#parts.platform;
    const at = Math.max(0, ...[...this.#hosted.values()].map(({ served }) => served.newestAt)) || clock.now().getTime();
    const follow = async (): Promise<void> => {
      if (name === 'features.view-changed') await views.reload((view) => view.name === payload['view'], at);
      if (name === 'data.version-added' && !(await this.#isOurs(project, payload))) {
        await views.reload((view) => view.source.dataset === payload['dataset'], at);
      }
    };
    follow().catch((error: unknown) => log.warn({ err: error, project }, 'online features cannot be loaded again'));
  }

  /** Rows that snapshots add to a dataset are in the windows already. */
  async #isOurs(project: string, payload: Record<string, unknown>): Promise<boolean> {
    const { dataset, version } = payload as { dataset: string; version: number };
    const { source } = await this.#parts.data.getVersion(project, dataset, version);
    return source.startsWith('endpoint ');
  }

  /** One change after the other. */
  #inTurn(work: () => Promise<void>): Promise<void> {
    const turn = this.#turn.catch(() => undefined).then(work);
    this.#turn = turn;
    return turn;
  }

  async #reload(only?: string): Promise<void> {
    if (this.#isStopped) return;
    const { database } = this.#parts.platform;
    await this.#tellLost();
    const one = only === undefined ? null : await findEndpointById(database, only);
    const rows = only === undefined ? await listAllEndpoints(database) : one === null ? [] : [one];
    const rollouts = new Map((await listActiveRollouts(database)).map((rollout) => [rollout.endpoint_id, rollout]));
    const present = new Set(rows.map(({ id }) => id));
    for (const hosted of [...this.#hosted.values()]) {
      if (!present.has(hosted.id) && (only === undefined || only === hosted.id)) await this.#remove(hosted);
    }
    for (const row of rows) await this.#follow(row, rollouts.get(row.id));
  }

  async #follow(row: EndpointRow, rollout: RolloutRow | undefined): Promise<void> {
    let hosted = this.#hosted.get(row.id);
    const before = hosted?.row.definition ?? row.definition;
    if (hosted === undefined) {
      hosted = await hostEndpoint(row, rollout, this.#hosting(row.project));
      this.#hosted.set(row.id, hosted);
      this.#byName.set(`${row.project}/${row.name}`, hosted);
      hosted.views.refresh();
    } else {
      const isChanged = JSON.stringify(before.feedback) !== JSON.stringify(row.definition.feedback);
      hosted.row = row;
      hosted.served.apply(stateOf(row, rollout));
      hosted.served.spool.readPosition = row.log_position;
      if (isChanged) {
        await refillPending(hosted);
        hosted.feedback = feedbackOf(hosted, this.#hosting(row.project));
        hosted.views.refresh();
      }
    }
    const broken = this.#brokenOf(row.id);
    await keepVersions(hosted, broken, before, this.#keeping());
    await this.#tell(hosted);
  }

  async #remove(hosted: HostedEndpoint): Promise<void> {
    this.#hosted.delete(hosted.id);
    this.#byName.delete(`${hosted.project}/${hosted.row.name}`);
    this.#broken.delete(hosted.id);
    await closeEndpoint(hosted, true);
    hosted.views.refresh();
  }

  #brokenOf(endpointId: string): Map<number, string> {
    const broken = this.#broken.get(endpointId) ?? new Map<number, string>();
    this.#broken.set(endpointId, broken);
    return broken;
  }

  #keeping(): KeepingParts {
    return {
      parts: this.#parts,
      hub: this.#hub!,
      changed: (hosted) => {
        mirrorMissing(hosted);
        this.#tellSoon(hosted);
      },
    };
  }

  #hosting(project: string): HostingParts {
    let views = this.#views.get(project);
    if (views === undefined) {
      views = new OnlineViews(this.#parts, project, () => this.#feedbackSources(project));
      this.#views.set(project, views);
    }
    return {
      parts: this.#parts,
      views,
      newPrefix: () => `${this.#boot}${(++this.#lastHosted).toString(36)}-`,
      covered: (endpointId) => this.#covered(endpointId),
      lost: (endpointId, rows) => void this.#lost.set(endpointId, (this.#lost.get(endpointId) ?? 0) + rows),
      refused: (endpointId, version, reason) => {
        this.#brokenOf(endpointId).set(version, reason);
        const hosted = this.#hosted.get(endpointId);
        if (hosted !== undefined) this.#tellSoon(hosted);
      },
    };
  }

  *#feedbackSources(project: string): Generator<FeedbackSource> {
    for (const hosted of this.#hosted.values()) {
      if (hosted.project === project && hosted.feedback !== null) yield hosted.feedback;
    }
  }

  async #covered(endpointId: string): Promise<CoveredLabels | null> {
    const { database } = this.#parts.platform;
    const open = await openSnapshots(database, endpointId);
    if (open.some(({ created_at }) => Date.now() - created_at.getTime() < SNAPSHOT_PATIENCE_MS)) return null;
    const row = await findEndpointById(database, endpointId);
    const untilMs = row?.snapshot_until?.getTime() ?? Number.NEGATIVE_INFINITY;
    return { sequence: row?.snapshot_sequence ?? 0, untilMs };
  }

  #tellSoon(hosted: HostedEndpoint): void {
    if (this.#isStopped) return;
    this.#inTurn(() => this.#tell(hosted)).catch((error: unknown) => {
      this.#parts.platform.log.warn({ err: error }, 'the state of an endpoint cannot be told');
    });
  }

  /** Says how its versions are; a rollout's verdict may depend on it. */
  async #tell(hosted: HostedEndpoint): Promise<void> {
    if (this.#isStopped || !this.#hosted.has(hosted.id)) return;
    const { database } = this.#parts.platform;
    const deployments = deploymentsOf(hosted, this.#brokenOf(hosted.id));
    for (const deployment of deployments) await upsertDeployment(database, hosted.id, deployment);
    await keepDeployments(
      database,
      hosted.id,
      deployments.map(({ version }) => version),
    );
    // A rollout whose candidate has failed is rolled back at once.
    if (deployments.some(({ state }) => state === 'failed')) await database.notify(WATERMARK_MOVED, hosted.id);
  }

  async #tellLost(): Promise<void> {
    for (const [endpointId, rows] of this.#lost) {
      await addLostPredictions(this.#parts.platform.database, endpointId, rows);
      const more = (this.#lost.get(endpointId) ?? 0) - rows;
      if (more > 0) this.#lost.set(endpointId, more);
      else this.#lost.delete(endpointId);
    }
  }

  /**
   * Answers once all that came before the question is in the log: answers, shadows, and versions that were starting.
   */
  async #answerCaughtUp(endpointId: string, token: string): Promise<void> {
    const hosted = this.#hosted.get(endpointId);
    if (hosted !== undefined) await catchUp(hosted);
    await this.#turn.catch(() => undefined);
    await this.#parts.platform.database.notify(GATEWAY_CAUGHT_UP, token);
  }
}

async function catchUp({ served }: HostedEndpoint): Promise<void> {
  const started = performance.now();
  const isStarting = () => [...served.versions.values()].some(({ state }) => state === 'starting');
  while (isStarting() && performance.now() - started < START_PATIENCE_MS) await pause(5);
  const caught = performance.now();
  while (served.unfinished > 0 && performance.now() - caught < CATCH_UP_MS) await pause(1);
  served.flush();
}
