import { type RawBuilder, sql } from 'kysely';
import type { Queryable } from '#platform/database/database';

export type AssessmentKind = 'feedback' | 'expectation' | 'issue';

export interface AssessmentFailure {
  readonly code: string;
  readonly message?: string | undefined;
  readonly stackTrace?: string | undefined;
}

/** A judgement of a trace; its value is a text of JSON. */
export interface StoredAssessment {
  assessment_id: string;
  kind: AssessmentKind;
  name: string;
  value: string;
  error: AssessmentFailure | null;
  source_type: string;
  source_id: string | null;
  span_id: string | null;
  rationale: string | null;
  metadata: Record<string, string> | null;
  overrides: string | null;
  valid: boolean;
  created_ms: number;
  updated_ms: number;
}

const fields = sql`json_build_object('assessment_id', a.assessment_id, 'kind', a.kind, 'name', a.name,
  'value', a.value, 'error', a.error, 'source_type', a.source_type, 'source_id', a.source_id,
  'span_id', a.span_id, 'rationale', a.rationale, 'metadata', a.metadata, 'overrides', a.overrides,
  'valid', a.valid, 'created_ms', a.created_ms, 'updated_ms', a.updated_ms)`;

/** All of one trace, the oldest first. */
export const assessmentsOfTrace = (trace: RawBuilder<unknown>): RawBuilder<unknown> =>
  sql`coalesce((select json_agg(${fields} order by a.created_ms, a.assessment_id)
    from tracing.assessment a where a.trace = ${trace}), '[]')`;

/** The number that comparisons by size see, if the value is one. */
function numberOf(value: string): number | null {
  const number = /^-?\d/.test(value) ? Number(value) : Number.NaN;
  return Number.isFinite(number) ? number : null;
}

export async function upsertAssessments(
  on: Queryable,
  trace: number,
  assessments: readonly StoredAssessment[],
): Promise<void> {
  if (assessments.length === 0) return;
  const column = <T>(pick: (assessment: StoredAssessment) => T) => assessments.map(pick);
  const json = (value: unknown) => (value === null ? null : JSON.stringify(value));
  await sql`insert into tracing.assessment (trace, assessment_id, kind, name, value, number, error, source_type,
      source_id, span_id, rationale, metadata, overrides, valid, created_ms, updated_ms)
    select ${trace}::bigint, given.* from unnest(${column((a) => a.assessment_id)}::text[],
      ${column((a) => a.kind)}::text[], ${column((a) => a.name)}::text[], ${column((a) => a.value)}::text[],
      ${column((a) => numberOf(a.value))}::float8[], ${column((a) => json(a.error))}::json[],
      ${column((a) => a.source_type)}::text[], ${column((a) => a.source_id)}::text[],
      ${column((a) => a.span_id)}::text[], ${column((a) => a.rationale)}::text[],
      ${column((a) => json(a.metadata))}::jsonb[], ${column((a) => a.overrides)}::text[],
      ${column((a) => a.valid)}::boolean[], ${column((a) => a.created_ms)}::bigint[],
      ${column((a) => a.updated_ms)}::bigint[]) as given
    on conflict (trace, assessment_id) do update set kind = excluded.kind, name = excluded.name,
      value = excluded.value, number = excluded.number, error = excluded.error,
      source_type = excluded.source_type, source_id = excluded.source_id, span_id = excluded.span_id,
      rationale = excluded.rationale, metadata = excluded.metadata, overrides = excluded.overrides,
      valid = excluded.valid, created_ms = excluded.created_ms, updated_ms = excluded.updated_ms`.execute(
    on.tables<unknown>(),
  );
}

export async function findAssessment(
  on: Queryable,
  trace: number,
  assessmentId: string,
): Promise<StoredAssessment | null> {
  const { rows } = await sql<{ found: StoredAssessment }>`select ${fields} as found from tracing.assessment a
    where a.trace = ${trace} and a.assessment_id = ${assessmentId}`.execute(on.tables<unknown>());
  return rows[0]?.found ?? null;
}

export async function setAssessmentValid(
  on: Queryable,
  trace: number,
  assessmentId: string,
  valid: boolean,
): Promise<boolean> {
  const result = await sql`update tracing.assessment set valid = ${valid}
    where trace = ${trace} and assessment_id = ${assessmentId}`.execute(on.tables<unknown>());
  return result.numAffectedRows === 1n;
}

export async function deleteAssessmentRow(on: Queryable, trace: number, assessmentId: string): Promise<void> {
  await sql`delete from tracing.assessment where trace = ${trace} and assessment_id = ${assessmentId}`.execute(
    on.tables<unknown>(),
  );
}
