import { PlatformError } from '@flyball/api';
import type { Actor } from '#platform/access/actor';
import type { Action } from '#platform/actions/action';
import type { StepAssignment, StepReport } from './step-message.ts';

function describe(error: unknown): string {
  if (error instanceof PlatformError && error.code !== 'internal') return error.message;
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

/** Runs one action inside the child of a step and reports how it went; errors are reports, never crashes. */
export async function runAction(
  actions: ReadonlyMap<string, Action>,
  assignment: StepAssignment,
  signal: AbortSignal,
  report: (message: StepReport) => void,
): Promise<void> {
  const { project, pipelineRunId, stepId, attempt } = assignment;
  const actor: Actor = {
    name: assignment.actor.name,
    kind: 'system',
    roleIn: () => assignment.actor.role,
    requestId: `${pipelineRunId}/${stepId}/${attempt}`,
  };
  try {
    const action = actions.get(assignment.action);
    if (action === undefined) throw new PlatformError('not_found', `There is no action "${assignment.action}"`);
    const outputs = await action.run(
      {
        project,
        actor,
        pipelineRunId,
        stepId,
        attempt,
        signal,
        log: (line) => report({ type: 'log', line }),
        progress: (share, text) => report({ type: 'progress', share, text }),
      },
      assignment.input,
    );
    report({ type: 'done', outputs });
  } catch (error) {
    const isOutage = error instanceof PlatformError && error.code === 'unavailable';
    report({ type: 'failed', message: describe(error), isOutage });
  }
}
