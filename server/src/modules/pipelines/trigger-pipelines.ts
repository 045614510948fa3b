import type { PipelineDefinition } from '@flyball/api';
import { systemActor } from '#platform/access/actor';
import type { PublishedEvent } from '#platform/events/event-bus';
import type { PipelineParts } from './parts.ts';
import { listPipelines } from './pipeline-store.ts';
import { startPipeline } from './start-pipeline.ts';

type EventTrigger = Extract<PipelineDefinition['triggers'][number], { kind: 'event' }>;

function matches({ event, where }: EventTrigger, { name, payload }: PublishedEvent): boolean {
  return event === name && Object.entries(where).every(([key, value]) => payload[key] === value);
}

/** Starts every pipeline of the project that waits for this event. */
export async function triggerPipelines(parts: PipelineParts, event: PublishedEvent): Promise<void> {
  const pipelines = await listPipelines(parts.platform.database, { project: event.project, limit: 1000 });
  for (const { name, body } of pipelines) {
    const trigger = body.triggers.find((one) => one.kind === 'event' && matches(one, event));
    if (trigger === undefined) continue;
    await startPipeline(parts, systemActor, {
      project: event.project,
      pipeline: name,
      params: { event: { ...event.payload, name: event.name } },
      trigger: { kind: 'event', detail: event.name, key: `event:${event.id}` },
    });
  }
}
