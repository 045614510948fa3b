import { invalidInput } from '@flyball/api';
import { type ExactValue, exactNumber, isExactObject, isShallow, parseExact } from '#platform/exact-json';
import type { AssessmentInput, Judgement, StoredAssessment } from '#tracing';
import { bool, message, oneOf, text } from './message.ts';
import { anyValue, fieldMask, stringMap, timestamp, wireTimestamp } from './well-known-types.ts';

const sourceType = oneOf({ SOURCE_TYPE_UNSPECIFIED: 0, HUMAN: 1, LLM_JUDGE: 2, CODE: 3 });

const failure = message({ error_code: text, error_message: text, stack_trace: text });

/** An assessment on the wire. */
export const assessment = message({
  assessment_id: text,
  assessment_name: text,
  trace_id: text,
  span_id: text,
  source: message({ source_type: sourceType, source_id: text }),
  create_time: timestamp,
  last_update_time: timestamp,
  feedback: message({ value: anyValue, error: failure }),
  expectation: message({
    value: anyValue,
    serialized_value: message({ serialization_format: text, value: text }),
  }),
  issue: message({ issue_name: text }),
  rationale: text,
  error: failure,
  metadata: stringMap,
  overrides: text,
  valid: bool,
});

export type WireAssessment = ReturnType<typeof assessment.read>;

export const updateMask = fieldMask;

const JSON_FORMAT = 'JSON_FORMAT';

function serialized({
  serialization_format: format = '',
  value = '',
}: {
  serialization_format?: string;
  value?: string;
}) {
  if (format !== JSON_FORMAT) {
    throw invalidInput(`Unknown serialization format: ${format}. Only JSON_FORMAT is supported.`);
  }
  try {
    const read = parseExact(value);
    if (isShallow(read)) return read;
  } catch {
    // Said below.
  }
  throw invalidInput('The value of an expectation must be a text of JSON');
}

function expected({ expectation }: WireAssessment): ExactValue {
  const value =
    expectation?.serialized_value === undefined ? expectation?.value : serialized(expectation.serialized_value);
  if (value === undefined || value === null) throw invalidInput('The `value` field must be specified.');
  return value;
}

const failureOf = (error: ReturnType<typeof failure.read> | undefined) =>
  error === undefined
    ? null
    : { code: error.error_code ?? '', message: error.error_message, stackTrace: error.stack_trace };

/** The one judgement of an assessment; undefined when it has none. */
export function judgementOf(sent: WireAssessment): Judgement | undefined {
  const kinds = [sent.feedback, sent.expectation, sent.issue].filter((kind) => kind !== undefined);
  if (kinds.length > 1) {
    throw invalidInput('Exactly one of `expectation`, `feedback`, or `issue` should be specified.');
  }
  if (sent.feedback !== undefined) {
    const { value = null, error } = sent.feedback;
    return { kind: 'feedback', value, error: failureOf(error ?? sent.error) };
  }
  if (sent.expectation !== undefined) return { kind: 'expectation', value: expected(sent) };
  if (sent.issue === undefined) return undefined;
  return { kind: 'issue', value: { issue_name: sent.issue.issue_name ?? '' } };
}

export function assessmentInput(sent: WireAssessment): AssessmentInput {
  const judgement = judgementOf(sent);
  if (judgement === undefined) throw invalidInput('Unknown assessment type: None');
  return {
    assessmentId: sent.assessment_id,
    name: sent.assessment_name ?? '',
    judgement,
    sourceType: sent.source?.source_type ?? 'SOURCE_TYPE_UNSPECIFIED',
    sourceId: sent.source?.source_id,
    spanId: sent.span_id,
    rationale: sent.rationale,
    metadata: sent.metadata ?? {},
    overrides: sent.overrides,
    createdMs: sent.create_time,
    updatedMs: sent.last_update_time,
  };
}

/** Numbers of a value are doubles, and are written so. */
function presentValue(value: ExactValue): unknown {
  if (typeof value === 'number' || typeof value === 'bigint') return exactNumber(Number(value));
  if (Array.isArray(value)) return value.map(presentValue);
  if (!isExactObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, presentValue(item)]));
}

function presentFailure({ error }: StoredAssessment): object | undefined {
  if (error === null) return undefined;
  return { error_code: error.code, error_message: error.message, stack_trace: error.stackTrace };
}

function presentJudgement(row: StoredAssessment): object {
  const value = parseExact(row.value);
  if (row.kind === 'feedback') return { feedback: { value: presentValue(value), error: presentFailure(row) } };
  if (row.kind === 'issue') return { issue: value };
  if (typeof value !== 'object') return { expectation: { value: presentValue(value) } };
  return { expectation: { serialized_value: { serialization_format: JSON_FORMAT, value: row.value } } };
}

export const presentAssessment = (traceId: string, row: StoredAssessment): object => ({
  assessment_id: row.assessment_id,
  assessment_name: row.name,
  trace_id: traceId,
  span_id: row.span_id ?? undefined,
  source: { source_type: row.source_type, source_id: row.source_id ?? undefined },
  create_time: wireTimestamp(row.created_ms),
  last_update_time: wireTimestamp(row.updated_ms),
  ...presentJudgement(row),
  rationale: row.rationale ?? undefined,
  metadata: row.metadata ?? undefined,
  overrides: row.overrides ?? undefined,
  valid: row.valid,
});
