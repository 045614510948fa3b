import { sql } from 'kysely';
import type { Queryable } from '#platform/database/database';

export interface SpanRow {
  readonly trace: number;
  readonly spanId: string;
  readonly parentId: string | null;
  readonly name: string;
  readonly type: string;
  readonly status: string;
  readonly startNs: bigint;
  readonly content: string;
}

/** A span that is sent again replaces itself. No two rows may name the same span. */
export async function upsertSpans(on: Queryable, spans: readonly SpanRow[]): Promise<void> {
  const column = <T>(pick: (span: SpanRow) => T) => spans.map(pick);
  await sql`insert into tracing.span (trace, span_id, parent_id, name, type, status, start_ns, content)
    select * from unnest(${column(({ trace }) => trace)}::bigint[], ${column(({ spanId }) => spanId)}::text[],
      ${column(({ parentId }) => parentId)}::text[], ${column(({ name }) => name)}::text[],
      ${column(({ type }) => type)}::text[], ${column(({ status }) => status)}::text[],
      ${column(({ startNs }) => String(startNs))}::bigint[], ${column(({ content }) => content)}::text[])
    on conflict (trace, span_id) do update set parent_id = excluded.parent_id, name = excluded.name,
      type = excluded.type, status = excluded.status, start_ns = excluded.start_ns,
      content = excluded.content`.execute(on.tables<unknown>());
}

/** The spans of traces by the traces' numbers: the root first, then as they began. */
export async function listSpanContents(on: Queryable, traces: readonly number[]): Promise<Map<number, string[]>> {
  const { rows } = await sql<{ trace: number; content: string }>`select trace, content from tracing.span
    where trace = any(${[...traces]}::bigint[])
    order by trace, parent_id is not null, start_ns, span_id`.execute(on.tables<unknown>());
  const found = new Map<number, string[]>();
  for (const { trace, content } of rows) {
    const contents = found.get(trace) ?? [];
    contents.push(content);
    found.set(trace, contents);
  }
  return found;
}
