import { randomBytes } from 'node:crypto';
import { invalidInput, PlatformError } from '@flyball/api';
import type { Actor } from '#platform/access/actor';
import { locationBelow } from './artifact-location.ts';
import { checkTag } from './check-key.ts';
import { type ExperimentRow, findExperimentRows } from './experiment-store.ts';
import {
  addExperiment,
  experimentMissing,
  experimentNumber,
  getExperiment,
  requireActiveExperiment,
} from './experiments.ts';
import type { RunStart, TrackingParts } from './parts.ts';
import { randomRunName } from './run-name.ts';
import { insertRuns, type NewRun, newStoredRun, type StoredRun } from './run-store.ts';

const NAME_TAG = 'mlflow.runName';

export interface StartRunInput {
  readonly experimentId: string;
  readonly name?: string | undefined;
  readonly user?: string | undefined;
  readonly startTime?: number | undefined;
  readonly tags: Readonly<Record<string, string>>;
}

function nameOf({ name = '', tags }: StartRunInput): string {
  const tagged = tags[NAME_TAG] ?? '';
  if (name !== '' && tagged !== '' && name !== tagged) {
    throw invalidInput(
      "Both 'run_name' argument and 'mlflow.runName' tag are specified, but with different values " +
        `(run_name='${name}', mlflow.runName='${tagged}').`,
    );
  }
  return name || tagged || randomRunName();
}

/** The default experiment of a project other than the first is made when somebody first wants a run in it. */
async function experimentOf(parts: TrackingParts, actor: Actor, project: string, id: string): Promise<number> {
  const number = experimentNumber(id);
  if (number !== 0 || project === 'default') return number;
  const found = await getExperiment(parts, project, id).catch((error: unknown) => {
    if (error instanceof PlatformError && error.code === 'not_found') return null;
    throw error;
  });
  return (found ?? (await addExperiment(parts, actor, project, { name: 'Default', tags: {} }))).id;
}

/** Starts a run: running from now on, or from when the caller says. */
export async function startStoredRun(
  parts: TrackingParts,
  actor: Actor,
  project: string,
  input: StartRunInput,
): Promise<StoredRun> {
  const experiment = await experimentOf(parts, actor, project, input.experimentId);
  const name = nameOf(input);
  const tags: Record<string, string> = { [NAME_TAG]: name };
  for (const [key, value] of Object.entries(input.tags)) tags[key] = checkTag(key, value, 'key');
  const start: RunStart = {
    actor,
    project,
    experiment,
    run: {
      runId: randomBytes(16).toString('hex'),
      name,
      user: input.user ?? actor.name,
      startMs: input.startTime ?? parts.platform.clock.now().getTime(),
      tags,
    },
    started: null,
  };
  await parts.starts.submit(start);
  return start.started!;
}

function problemOf(start: RunStart, experiment: ExperimentRow | undefined): Error | null {
  if (experiment?.project !== start.project) return experimentMissing(String(start.experiment));
  try {
    requireActiveExperiment(experiment);
    return null;
  } catch (error) {
    return error as Error;
  }
}

/** Commits runs of many requests together, with what they tell and what is kept of who started them. */
export async function commitStarts(
  { database, audit, events }: TrackingParts['platform'],
  starts: readonly RunStart[],
): Promise<(Error | null)[]> {
  return await database.transaction(async (trx) => {
    const rows = await findExperimentRows(trx, [...new Set(starts.map(({ experiment }) => experiment))]);
    const experiments = new Map(rows.map((row) => [row.id, row]));
    const problems = starts.map((start) => problemOf(start, experiments.get(start.experiment)));
    const accepted = starts.filter((_, i) => problems[i] === null);
    const runs = accepted.map(({ project, experiment, run }): NewRun => {
      const { artifact_location: location } = experiments.get(experiment)!;
      return { ...run, project, experiment, artifactUri: locationBelow(location, run.runId, 'artifacts') };
    });
    const numbers = runs.length === 0 ? new Map<string, number>() : await insertRuns(trx, runs);
    const told = accepted.map(({ actor, project, experiment, run: { runId } }) => {
      const experimentId = String(experiment);
      const subject = { kind: 'run', id: runId };
      return {
        record: { actor, project, action: 'tracking.run-started', subject, details: { experimentId } },
        event: { project, name: 'tracking.run-started', payload: { runId, experimentId } },
      };
    });
    await audit.recordAll(
      trx,
      told.map(({ record }) => record),
    );
    await events.publishAll(
      trx,
      told.map(({ event }) => event),
    );
    for (const [i, start] of accepted.entries()) start.started = newStoredRun(runs[i]!, numbers.get(start.run.runId)!);
    return problems;
  });
}
