import { type PipelineDefinition, PlatformError } from '@flyball/api';
import { CronPattern } from 'croner';
import type { Actor } from '#platform/access/actor';
import { hasRole } from '#platform/access/actor';
import { type PipelineParts, SCHEDULE_QUEUE } from './parts.ts';
import { type StoredPipeline, upsertPipeline } from './pipeline-store.ts';
import { checkGraph } from './step-graph.ts';

/** Commands run as the platform's own user: whoever defines them could do anything here. */
function checkCommands(actor: Actor, project: string, { steps }: PipelineDefinition): void {
  const command = steps.find((step) => step.command !== undefined);
  if (command === undefined || hasRole(actor, 'admin', project)) return;
  throw new PlatformError(
    'not_allowed',
    `Step "${command.id}" runs a command, which only admins of the project may define`,
  );
}

function checkSchedules({ triggers }: PipelineDefinition): void {
  for (const trigger of triggers) {
    if (trigger.kind !== 'schedule') continue;
    try {
      new CronPattern(trigger.cron);
    } catch (cause) {
      throw new PlatformError('invalid_input', `"${trigger.cron}" is no cron expression`, { cause });
    }
  }
}

export const scheduleKey = (project: string, pipeline: string, position: number): string =>
  `${project}/${pipeline}/${position}`;

const MAX_SCHEDULES = 20;

async function setSchedules({ platform }: PipelineParts, project: string, pipeline: PipelineDefinition): Promise<void> {
  const schedules = pipeline.triggers.filter((trigger) => trigger.kind === 'schedule');
  for (let position = 0; position < MAX_SCHEDULES; position++) {
    const key = scheduleKey(project, pipeline.name, position);
    const schedule = schedules[position];
    if (schedule === undefined) await platform.jobs.unschedule(SCHEDULE_QUEUE, key);
    else {
      const payload = { project, pipeline: pipeline.name };
      await platform.jobs.schedule(SCHEDULE_QUEUE, schedule.cron, payload, { timeZone: schedule.timeZone, key });
    }
  }
}

/** Checks a pipeline as a whole and keeps it; a changed one gets the next version number. */
export async function putPipeline(
  parts: PipelineParts,
  actor: Actor,
  project: string,
  definition: PipelineDefinition,
): Promise<StoredPipeline> {
  checkGraph(definition.steps, new Set(parts.actions.keys()));
  checkCommands(actor, project, definition);
  checkSchedules(definition);
  const stored = await parts.platform.database.transaction(async (trx) => {
    const row = await upsertPipeline(trx, project, definition);
    const subject = { kind: 'pipeline', id: definition.name };
    const details = { version: row.version };
    await parts.platform.audit.record(trx, { actor, project, action: 'pipelines.defined', subject, details });
    return row;
  });
  await setSchedules(parts, project, definition);
  return stored;
}
