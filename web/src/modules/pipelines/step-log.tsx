import { Code, ScrollArea, Text } from '@mantine/core';
import { useEffect, useRef, useState } from 'react';
import { server } from '../../server.ts';

interface Line {
  readonly number: number;
  readonly stream: string;
  readonly text: string;
}

const POLL_MS = 1000;
const PAGE_LINES = 1000;
const KEPT_LINES = 5000;

interface Log {
  readonly lines: readonly Line[];
  readonly done: boolean;
  readonly error: string | null;
}

/** Reads on from the last line seen, until the step has ended and all of it is here. */
function useLog(run: string, step: string, attempt: number): Log {
  const [log, setLog] = useState<Log>({ lines: [], done: false, error: null });
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    let stopped = false;
    let last = 0;
    setLog({ lines: [], done: false, error: null });
    const read = async (): Promise<void> => {
      const { lines, done } = await server().readStepLog({
        params: { run, step },
        query: { attempt, after: last, limit: PAGE_LINES },
      });
      if (stopped) return;
      last = lines.at(-1)?.number ?? last;
      const all = done && lines.length < PAGE_LINES;
      setLog((old) => ({ lines: [...old.lines, ...lines].slice(-KEPT_LINES), done: all, error: null }));
      if (!all) timer = setTimeout(poll, lines.length === PAGE_LINES ? 0 : POLL_MS);
    };
    const poll = (): void => {
      read().catch((error: unknown) => {
        if (!stopped) setLog((old) => ({ ...old, error: error instanceof Error ? error.message : String(error) }));
      });
    };
    poll();
    return () => {
      stopped = true;
      clearTimeout(timer);
    };
  }, [run, step, attempt]);
  return log;
}

/** The log of one attempt of a step, as it is written. */
export function StepLog({ run, step, attempt }: { run: string; step: string; attempt: number }) {
  const { lines, done, error } = useLog(run, step, attempt);
  const view = useRef<HTMLDivElement>(null);
  const count = lines.length;
  useEffect(() => {
    if (count > 0) view.current?.scrollTo({ top: view.current.scrollHeight });
  }, [count]);
  return (
    <div>
      <ScrollArea.Autosize mah={320} viewportRef={view}>
        <Code block fz="xs">
          {lines.map(({ number, stream, text }) => (
            <div key={number} style={stream === 'stderr' ? { color: 'var(--mantine-color-orange-text)' } : undefined}>
              {text}
            </div>
          ))}
          {lines.length === 0 ? '(nothing written)' : ''}
        </Code>
      </ScrollArea.Autosize>
      <Text size="xs" c={error === null ? 'dimmed' : 'red'}>
        {error ?? (done ? `${lines.length} ${lines.length === 1 ? 'line' : 'lines'}` : 'reading …')}
      </Text>
    </div>
  );
}
