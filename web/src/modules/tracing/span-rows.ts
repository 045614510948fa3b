import type { TraceSpan } from '@flyball/api';

/** A span at its place in the waterfall. */
export interface SpanRow {
  readonly span: TraceSpan;
  readonly depth: number;
  readonly children: number;
  readonly isOpen: boolean;
}

/** Spans below the spans that they belong to; those whose parent is not there begin a tree of their own. */
export function spanRows(spans: readonly TraceSpan[], closed: ReadonlySet<string>): SpanRow[] {
  const ids = new Set(spans.map(({ spanId }) => spanId));
  const below = new Map<string | null, TraceSpan[]>();
  for (const span of spans) {
    const parent =
      span.parentId !== null && ids.has(span.parentId) && span.parentId !== span.spanId ? span.parentId : null;
    const siblings = below.get(parent);
    if (siblings === undefined) below.set(parent, [span]);
    else siblings.push(span);
  }
  const rows: SpanRow[] = [];
  // Not by recursion: a chain of calls may be longer than a stack.
  const waiting = (below.get(null) ?? []).map((span) => ({ span, depth: 0 })).reverse();
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const { span, depth } = next;
    const children = below.get(span.spanId) ?? [];
    const isOpen = !closed.has(span.spanId);
    rows.push({ span, depth, children: children.length, isOpen });
    if (isOpen) for (const child of children.toReversed()) waiting.push({ span: child, depth: depth + 1 });
  }
  return rows;
}

/** How long all of it took: to the end of the last span that has one. */
export const spanOfAll = (spans: readonly TraceSpan[]): number =>
  spans.reduce((end, { offsetMs, durationMs }) => Math.max(end, offsetMs + (durationMs ?? 0)), 0) || 1;
