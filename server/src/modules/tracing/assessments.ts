import { invalidInput, PlatformError } from '@flyball/api';
import {
  deleteAssessmentRow,
  findAssessment,
  type StoredAssessment,
  setAssessmentValid,
  upsertAssessments,
} from './assessment-store.ts';
import {
  type AssessmentInput,
  checkMetadata,
  checkText,
  type Judgement,
  judgedValue,
  LONGEST_TEXT,
  newAssessment,
} from './new-assessment.ts';
import type { TracingParts, Trx } from './parts.ts';
import { checkTraceFits } from './trace-limits.ts';
import { findTrace } from './trace-store.ts';
import { getTrace, traceMissing } from './traces.ts';

const assessmentMissing = (traceId: string, assessmentId: string): PlatformError =>
  new PlatformError('not_found', `Assessment with ID '${assessmentId}' not found for trace '${traceId}'`);

async function inTrace<R>(
  { platform }: TracingParts,
  project: string,
  traceId: string,
  work: (trx: Trx, trace: number) => Promise<R>,
): Promise<R> {
  return await platform.database.transaction(async (trx) => {
    const trace = await findTrace(trx, project, traceId, 'lock');
    if (trace === null) throw traceMissing(traceId);
    return await work(trx, trace.id);
  });
}

/** Adds an assessment. One that overrides another makes that one invalid. */
export async function addAssessment(
  parts: TracingParts,
  project: string,
  traceId: string,
  input: AssessmentInput,
): Promise<StoredAssessment> {
  const made = newAssessment(input, parts.platform.clock.now().getTime());
  return await inTrace(parts, project, traceId, async (trx, trace) => {
    const { overrides, assessment_id: id } = made;
    if (overrides !== null && !(await setAssessmentValid(trx, trace, overrides, false))) {
      throw assessmentMissing(traceId, overrides);
    }
    if ((await findAssessment(trx, trace, id)) !== null) {
      throw new PlatformError('conflict', `Assessment with ID '${id}' already exists for trace '${traceId}'`);
    }
    await upsertAssessments(trx, trace, [made]);
    checkTraceFits((await findTrace(trx, project, traceId))!);
    return made;
  });
}

export async function getAssessment(
  parts: TracingParts,
  project: string,
  traceId: string,
  assessmentId: string,
): Promise<StoredAssessment> {
  const { assessments } = await getTrace(parts, project, traceId);
  const found = assessments.find(({ assessment_id: id }) => id === assessmentId);
  if (found === undefined) throw assessmentMissing(traceId, assessmentId);
  return found;
}

export interface AssessmentChange {
  readonly name?: string | undefined;
  readonly judgement?: Judgement | undefined;
  readonly rationale?: string | undefined;
  readonly metadata?: Readonly<Record<string, string>> | undefined;
}

function checkKind({ kind }: StoredAssessment, judgement: Judgement | undefined): void {
  if (judgement === undefined || judgement.kind === kind) return;
  const [changed, known] = [judgement.kind, kind === 'expectation' ? 'an Expectation' : 'a Feedback'];
  throw invalidInput(`Cannot update ${changed} value on ${known} assessment.`);
}

/** Changes what is given; metadata is added to what is there, the source and the span stay. */
export async function changeAssessment(
  parts: TracingParts,
  project: string,
  traceId: string,
  assessmentId: string,
  { name, judgement, rationale, metadata }: AssessmentChange,
): Promise<StoredAssessment> {
  checkText('assessment_name', name, 250);
  checkText('rationale', rationale, LONGEST_TEXT);
  return await inTrace(parts, project, traceId, async (trx, trace) => {
    const known = await findAssessment(trx, trace, assessmentId);
    if (known === null) throw assessmentMissing(traceId, assessmentId);
    checkKind(known, judgement);
    const merged = { ...known.metadata, ...metadata };
    checkMetadata(merged);
    const changed: StoredAssessment = {
      ...known,
      name: name ?? known.name,
      value: judgement === undefined ? known.value : judgedValue(judgement),
      error: judgement?.kind === 'feedback' ? judgement.error : known.error,
      rationale: known.kind === 'expectation' ? known.rationale : (rationale ?? known.rationale),
      metadata: Object.keys(merged).length === 0 ? null : merged,
      updated_ms: parts.platform.clock.now().getTime(),
    };
    await upsertAssessments(trx, trace, [changed]);
    checkTraceFits((await findTrace(trx, project, traceId))!);
    return changed;
  });
}

/** Deletes an assessment; what it had overridden is valid again. One that does not exist is deleted already. */
export async function removeAssessment(
  parts: TracingParts,
  project: string,
  traceId: string,
  assessmentId: string,
): Promise<void> {
  const { database } = parts.platform;
  await database.transaction(async (trx) => {
    const trace = await findTrace(trx, project, traceId, 'lock');
    const known = trace === null ? null : await findAssessment(trx, trace.id, assessmentId);
    if (trace === null || known === null) return;
    if (known.overrides !== null) await setAssessmentValid(trx, trace.id, known.overrides, true);
    await deleteAssessmentRow(trx, trace.id, assessmentId);
  });
}
