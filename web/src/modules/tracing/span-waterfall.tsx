import './span-waterfall.css';
import type { TraceSpan } from '@flyball/api';
import { ActionIcon, Group, Text } from '@mantine/core';
import { IconChevronDown, IconChevronRight } from '@tabler/icons-react';
import { type KeyboardEvent, useRef, useState } from 'react';
import { formatSeconds } from '../../parts/format.ts';
import { useWindow } from '../../parts/use-window.ts';
import { type SpanRow, spanOfAll, spanRows } from './span-rows.ts';

const ROW_HEIGHT = 30;

const colours: Readonly<Record<string, string>> = {
  LLM: '#8a6fd1',
  CHAT_MODEL: '#8a6fd1',
  RETRIEVER: '#3aa6a6',
  EMBEDDING: '#3aa6a6',
  RERANKER: '#3aa6a6',
  TOOL: '#e8743b',
  AGENT: '#c2559d',
  CHAIN: '#4c8eda',
  PARSER: '#40a070',
};

export const colourOfSpan = ({ type, status }: TraceSpan): string =>
  status === 'ERROR' ? '#e03131' : (colours[type] ?? '#999999');

interface Choice {
  readonly chosen: string | undefined;
  readonly choose: (span: string) => void;
  readonly fold: (span: string) => void;
}

const focusOn = (element: Element | null): void => (element instanceof HTMLElement ? element.focus() : undefined);

/** Enter looks at a span, the arrows move, open and close. */
function keys({ span: { spanId }, children, isOpen }: SpanRow, { choose, fold }: Choice) {
  return (event: KeyboardEvent<HTMLElement>) => {
    const { currentTarget, key } = event;
    const steps = new Map<string, () => void>([
      ['Enter', () => choose(spanId)],
      ['ArrowDown', () => focusOn(currentTarget.nextElementSibling)],
      ['ArrowUp', () => focusOn(currentTarget.previousElementSibling)],
    ]);
    if (children > 0) steps.set(isOpen ? 'ArrowLeft' : 'ArrowRight', () => fold(spanId));
    const step = event.target === currentTarget ? steps.get(key) : undefined;
    if (step === undefined) return;
    event.preventDefault();
    step();
  };
}

function Bar({ span, total }: { span: TraceSpan; total: number }) {
  const { offsetMs, durationMs } = span;
  const left = (100 * offsetMs) / total;
  const width = Math.max(0.3, (100 * (durationMs ?? total - offsetMs)) / total);
  return (
    <div className="span-lane">
      <div
        className="span-bar"
        style={{
          left: `${Math.min(left, 99.7)}%`,
          width: `${Math.min(width, 100 - Math.min(left, 99.7))}%`,
          background: colourOfSpan(span),
          opacity: durationMs === null ? 0.4 : 1,
        }}
      />
    </div>
  );
}

function Row({ row, total, ...choice }: Choice & { row: SpanRow; total: number }) {
  const { span, depth, children, isOpen } = row;
  return (
    <div
      role="treeitem"
      tabIndex={0}
      aria-level={depth + 1}
      aria-selected={choice.chosen === span.spanId}
      {...(children > 0 ? { 'aria-expanded': isOpen } : {})}
      className="span-row"
      style={{ height: ROW_HEIGHT }}
      onClick={() => choice.choose(span.spanId)}
      onKeyDown={keys(row, choice)}
    >
      <Group gap={4} wrap="nowrap" className="span-name" pl={Math.min(depth, 12) * 14}>
        {children > 0 ? (
          <ActionIcon
            size="xs"
            variant="subtle"
            tabIndex={-1}
            aria-label={`Spans below ${span.name}`}
            onClick={(event) => {
              event.stopPropagation();
              choice.fold(span.spanId);
            }}
          >
            {isOpen ? <IconChevronDown size={12} /> : <IconChevronRight size={12} />}
          </ActionIcon>
        ) : (
          <span style={{ width: 18, flexShrink: 0 }} />
        )}
        <Text size="sm" truncate title={span.name} {...(span.status === 'ERROR' ? { c: 'red' } : {})}>
          {span.name}
        </Text>
      </Group>
      <Bar span={span} total={total} />
      <Text size="xs" c="dimmed" className="span-time">
        {span.durationMs === null ? 'running' : formatSeconds(span.durationMs)}
      </Text>
    </div>
  );
}

/** Spans over time, each below the one that called it. Only those in sight are drawn. */
export function SpanWaterfall({
  spans,
  chosen,
  choose,
}: {
  spans: readonly TraceSpan[];
  chosen: string | undefined;
  choose: (span: string) => void;
}) {
  const [closed, setClosed] = useState<ReadonlySet<string>>(new Set());
  const place = useRef<HTMLDivElement>(null);
  const rows = spanRows(spans, closed);
  const { first, end } = useWindow(place, rows.length, ROW_HEIGHT);
  const total = spanOfAll(spans);
  const fold = (span: string): void => {
    const next = new Set(closed);
    if (!next.delete(span)) next.add(span);
    setClosed(next);
  };
  return (
    <div className="span-waterfall" ref={place} role="tree" aria-label="Spans">
      <div style={{ height: first * ROW_HEIGHT }} />
      {rows.slice(first, end).map((row) => (
        <Row key={row.span.spanId} row={row} total={total} chosen={chosen} choose={choose} fold={fold} />
      ))}
      <div style={{ height: (rows.length - end) * ROW_HEIGHT }} />
    </div>
  );
}
