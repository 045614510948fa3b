import { invalidInput } from '@flyball/api';
import { assessment, assessmentInput, judgementOf, presentAssessment, updateMask } from './assessment-message.ts';
import { message, text } from './message.ts';
import { call, type MlflowCall } from './mlflow-call.ts';

const one = '/mlflow/traces/:trace_id/assessments/:assessment_id';
const sent = { kind: 'any', required: true } as const;

/** `/mlflow/traces/…/assessments*` */
export const assessmentCalls: readonly MlflowCall[] = [
  call({
    method: 'POST',
    path: '/mlflow/traces/:trace_id/assessments',
    version: 3,
    access: 'contributor',
    request: message({ trace_id: text, assessment }),
    rules: { assessment: sent },
    handle: async ({ trace_id = '', assessment: given = {} }, { tracing, project }) => {
      const made = await tracing.assessments.add(project, trace_id, assessmentInput(given));
      return { assessment: presentAssessment(trace_id, made) };
    },
  }),
  call({
    method: 'GET',
    path: one,
    version: 3,
    access: 'viewer',
    request: message({ trace_id: text, assessment_id: text }),
    handle: async ({ trace_id = '', assessment_id: id = '' }, { tracing, project }) => ({
      assessment: presentAssessment(trace_id, await tracing.assessments.get(project, trace_id, id)),
    }),
  }),
  call({
    method: 'PATCH',
    path: one,
    version: 3,
    access: 'contributor',
    request: message({ trace_id: text, assessment_id: text, assessment, update_mask: updateMask }),
    rules: { assessment: sent, update_mask: sent },
    handle: async (input, { tracing, project }) => {
      const { trace_id = '', assessment_id: id = '', assessment: given = {}, update_mask: mask = [] } = input;
      if (mask.includes('valid')) throw invalidInput('`valid` is set by the server; override the assessment instead');
      const named = mask.includes('feedback') || mask.includes('expectation');
      const changed = await tracing.assessments.change(project, trace_id, id, {
        name: mask.includes('assessment_name') ? (given.assessment_name ?? '') : undefined,
        judgement: named ? judgementOf(given) : undefined,
        rationale: mask.includes('rationale') ? (given.rationale ?? '') : undefined,
        metadata: mask.includes('metadata') ? given.metadata : undefined,
      });
      return { assessment: presentAssessment(trace_id, changed) };
    },
  }),
  call({
    method: 'DELETE',
    path: one,
    version: 3,
    access: 'contributor',
    request: message({ trace_id: text, assessment_id: text }),
    handle: async ({ trace_id = '', assessment_id: id = '' }, { tracing, project }) => {
      await tracing.assessments.remove(project, trace_id, id);
      return {};
    },
  }),
];
