import { Gate } from '@flyball/api';
import { z } from 'zod';
import { type Action, defineAction } from '#platform/actions/action';
import { checkGates } from './check-gates.ts';
import { evaluateVersion } from './evaluate-version.ts';
import type { EvaluationParts } from './parts.ts';
import { SelectInput, selectCandidate } from './select-candidate.ts';
import { TrainInput, trainModel } from './train-model.ts';

const EvaluateAction = z.object({
  model: z.string(),
  version: z.number().int(),
  trainingSetId: z.string(),
  label: z.string().optional(),
  compareWithChampion: z.boolean().default(false),
  slices: z.array(z.string()).default([]),
  cluster: z.string().optional(),
  threshold: z.number().default(0.5),
});

const GatesAction = z.object({
  model: z.string(),
  version: z.number().int(),
  evaluationId: z.string(),
  gates: z.array(Gate).min(1),
});

async function evaluate(parts: EvaluationParts, project: string, input: z.output<typeof EvaluateAction>) {
  const champion = input.compareWithChampion
    ? (await parts.registry.getModel(project, input.model)).aliases['champion']
    : undefined;
  const { label: _, compareWithChampion: __, ...rest } = input;
  return { ...rest, compareWith: champion === undefined ? [] : [champion] };
}

/** What steps of pipelines can ask of this module. */
export function evaluationActions(parts: EvaluationParts): Action[] {
  return [
    defineAction({
      name: 'evaluation.train',
      summary: 'Train the built-in learner on a training set, as a tracked run',
      input: TrainInput,
      run: async ({ actor, project, signal, progress, log, pipelineRunId, stepId }, input) => {
        const step = `${pipelineRunId}/${stepId}`;
        const trained = await trainModel(parts, { actor, project, signal, step, progress }, input);
        log(`run ${trained.runId}: ${trained.rows} rows, ${JSON.stringify(trained.metrics)}`);
        return { ...trained };
      },
    }),
    defineAction({
      name: 'evaluation.select',
      summary: 'Let trained runs compete on rows that none has seen',
      input: SelectInput,
      run: async ({ actor, project, log }, input) => {
        const selected = await selectCandidate(parts, actor, project, input);
        log(`best ${input.metric} ${selected.metric}, champion ${selected.championMetric ?? 'none'}`);
        return { ...selected };
      },
    }),
    defineAction({
      name: 'evaluation.evaluate',
      summary: 'Measure a version on a training set, beside the champion',
      input: EvaluateAction,
      run: async ({ actor, project }, input) => {
        const evaluation = await evaluateVersion(parts, actor, project, await evaluate(parts, project, input));
        const metrics = Object.fromEntries(evaluation.metrics.map(({ name, value }) => [name, value]));
        return { evaluationId: evaluation.id, metrics };
      },
    }),
    defineAction({
      name: 'evaluation.gates',
      summary: 'Judge an evaluation by gates',
      input: GatesAction,
      run: async ({ actor, project, log }, input) => {
        const report = await checkGates(parts, actor, project, input);
        for (const { gate, verdict, message } of report.results) log(`${gate.name}: ${verdict}: ${message}`);
        return { reportId: report.id, verdict: report.verdict, passed: report.verdict === 'pass' };
      },
    }),
  ];
}
