import { randomBytes } from 'node:crypto';
import { invalidInput } from '@flyball/api';
import { type ExactValue, pythonJson } from '#platform/exact-json';
import { checkLength } from '#tracking';
import type { AssessmentFailure, StoredAssessment } from './assessment-store.ts';

/** What is said of a trace or a span of it: how good it was, what it should have been, or which issue it shows. */
export type Judgement =
  | { readonly kind: 'feedback'; readonly value: ExactValue; readonly error: AssessmentFailure | null }
  | { readonly kind: 'expectation'; readonly value: ExactValue }
  | { readonly kind: 'issue'; readonly value: ExactValue };

export interface AssessmentInput {
  readonly assessmentId?: string | undefined;
  readonly name: string;
  readonly judgement: Judgement;
  readonly sourceType: string;
  readonly sourceId?: string | undefined;
  readonly spanId?: string | undefined;
  readonly rationale?: string | undefined;
  readonly metadata: Readonly<Record<string, string>>;
  readonly overrides?: string | undefined;
  readonly createdMs?: number | undefined;
  readonly updatedMs?: number | undefined;
}

export const LONGEST_TEXT = 1_000_000;

export function checkText(what: string, text: string | undefined, limit: number): void {
  if (text !== undefined) checkLength(what, text, limit);
}

export function checkMetadata(metadata: Readonly<Record<string, string>>): void {
  const entries = Object.entries(metadata);
  if (entries.length > 1_000) throw invalidInput('An assessment can have at most 1000 entries of metadata');
  for (const [key, value] of entries) {
    checkLength('metadata key', key, 250);
    checkLength('metadata value', value, LONGEST_TEXT);
  }
}

export const judgedValue = ({ value }: Judgement): string => {
  const text = pythonJson(value);
  checkLength('value', text, LONGEST_TEXT);
  return text;
};

/** An assessment as it is kept, with an id and times where its maker gave none. */
export function newAssessment(input: AssessmentInput, nowMs: number): StoredAssessment {
  const { judgement, metadata } = input;
  checkText('assessment_name', input.name, 250);
  checkText('assessment_id', input.assessmentId, 50);
  checkText('source_id', input.sourceId, 250);
  checkText('span_id', input.spanId, 50);
  checkText('rationale', input.rationale, LONGEST_TEXT);
  checkMetadata(metadata);
  return {
    assessment_id: input.assessmentId || `a-${randomBytes(16).toString('hex')}`,
    kind: judgement.kind,
    name: input.name,
    value: judgedValue(judgement),
    error: judgement.kind === 'feedback' ? judgement.error : null,
    source_type: input.sourceType,
    source_id: input.sourceId || null,
    span_id: input.spanId || null,
    rationale: (judgement.kind === 'expectation' ? undefined : input.rationale) || null,
    metadata: Object.keys(metadata).length === 0 ? null : { ...metadata },
    overrides: (judgement.kind === 'feedback' ? input.overrides : undefined) || null,
    valid: true,
    created_ms: input.createdMs || nowMs,
    updated_ms: input.updatedMs || nowMs,
  };
}
