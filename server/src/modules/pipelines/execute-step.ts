import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { StepDefinition } from '@flyball/api';
import { type ChildEnding, spawnChild } from '#platform/processes/child';
import type { PipelineParts } from './parts.ts';
import type { StoredRun } from './run-store.ts';
import { StepLog } from './step-log.ts';
import type { StepAssignment, StepReport } from './step-message.ts';
import type { StoredStep } from './step-store.ts';

export interface Execution {
  readonly run: StoredRun;
  readonly step: StoredStep;
  readonly definition: StepDefinition;
  /** `with` after its references were resolved. */
  readonly input: unknown;
  readonly signal: AbortSignal;
}

export type Outcome =
  | { readonly kind: 'done'; readonly outputs: Record<string, unknown>; readonly maxRssMb: number }
  | { readonly kind: 'failed'; readonly error: string; readonly maxRssMb: number }
  /** Something killed the child, or the database under it: worth another try whatever the step's own retries say. */
  | { readonly kind: 'died'; readonly error: string; readonly maxRssMb: number };

const environment = (extra: Readonly<Record<string, string>>): Record<string, string> => ({
  LC_ALL: 'C.UTF-8',
  TZ: 'UTC',
  ...extra,
});

function outcomeOf(
  ending: ChildEnding,
  definition: StepDefinition,
  report: StepReport | undefined,
  log: StepLog,
): Outcome {
  const { maxRssMb } = ending;
  if (report?.type === 'done') return { kind: 'done', outputs: report.outputs, maxRssMb };
  if (report?.type === 'failed') {
    return { kind: report.isOutage === true ? 'died' : 'failed', error: report.message, maxRssMb };
  }
  if (ending.reason === 'timeout') {
    return { kind: 'failed', error: `Took longer than ${definition.timeoutSeconds} s`, maxRssMb };
  }
  if (ending.reason === 'memory') {
    return { kind: 'failed', error: `Used more than ${definition.memoryLimitMb} MB of memory`, maxRssMb };
  }
  if (ending.reason === 'cancelled') return { kind: 'failed', error: 'Cancelled', maxRssMb };
  if (ending.signal !== null) return { kind: 'died', error: `Killed by ${ending.signal}`, maxRssMb };
  return { kind: 'failed', error: `Ended with exit code ${ending.code}\n${log.tail()}`.trim(), maxRssMb };
}

async function executeAction(parts: PipelineParts, execution: Execution, log: StepLog): Promise<Outcome> {
  const { run, step, definition, signal } = execution;
  const assignment: StepAssignment = {
    type: 'run',
    action: definition.uses!,
    input: execution.input,
    project: run.project,
    actor: { name: `pipeline ${run.pipeline}`, role: 'admin' },
    pipelineRunId: run.id,
    stepId: step.id,
    attempt: step.attempt,
  };
  const { memoryLimitMb, timeoutSeconds } = definition;
  const limits = { memoryLimitMb, timeoutMs: timeoutSeconds * 1000, signal };
  const { report, ending } = await parts.children.run(assignment, limits, log);
  return outcomeOf(ending, definition, report, log);
}

async function readOutputs(file: string): Promise<StepReport> {
  const text = await readFile(file, 'utf8').catch(() => '{}');
  try {
    const outputs: unknown = JSON.parse(text);
    if (typeof outputs === 'object' && outputs !== null && !Array.isArray(outputs)) {
      return { type: 'done', outputs: outputs as Record<string, unknown> };
    }
  } catch {
    // Said below.
  }
  return { type: 'failed', message: 'FLYBALL_OUTPUT does not hold one JSON object' };
}

/** A command of the user's: input and output are JSON files, the tracking server is in its environment. */
async function executeCommand(parts: PipelineParts, execution: Execution, log: StepLog): Promise<Outcome> {
  const { run, step, definition } = execution;
  const { config } = parts.platform;
  const folder = path.join(config.dataDir, 'steps', run.id, step.id, String(step.attempt));
  const files = { input: path.join(folder, 'input.json'), output: path.join(folder, 'output.json') };
  await mkdir(folder, { recursive: true });
  await writeFile(files.input, JSON.stringify(execution.input));
  const url = `http://${config.host}:${config.port}`;
  const [command, ...args] = definition.command!;
  const child = spawnChild({
    timeoutMs: definition.timeoutSeconds * 1000,
    memoryLimitMb: definition.memoryLimitMb,
    graceMs: 5000,
    signal: execution.signal,
    onLine: (stream, line) => log.add(stream, line),
    command: command!,
    args,
    cwd: folder,
    env: environment({
      PATH: config.stepPath,
      HOME: folder,
      FLYBALL_URL: url,
      MLFLOW_TRACKING_URI: url,
      FLYBALL_PROJECT: run.project,
      FLYBALL_PIPELINE_RUN: run.id,
      FLYBALL_STEP: step.id,
      FLYBALL_INPUT: files.input,
      FLYBALL_OUTPUT: files.output,
    }),
  });
  const ending = await child.done;
  const good = ending.reason === 'exit' && ending.code === 0;
  const report = good ? await readOutputs(files.output) : undefined;
  await rm(folder, { recursive: true, force: true });
  return outcomeOf(ending, definition, report, log);
}

/** Runs a step in a child process that dies with this one. */
export async function executeStep(parts: PipelineParts, execution: Execution): Promise<Outcome> {
  const { run, step, definition } = execution;
  const log = new StepLog(parts.platform, { runId: run.id, stepId: step.id, attempt: step.attempt });
  try {
    const execute = definition.uses === undefined ? executeCommand : executeAction;
    return await execute(parts, execution, log);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return { kind: 'failed', error: `Could not be started: ${reason}`, maxRssMb: 0 };
  } finally {
    await log.close();
  }
}
