import type { Artifact, Run } from '@flyball/api';
import { Code, Group, Select, Stack, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useEffect, useRef } from 'react';
import { formatBytes } from '../../parts/format.ts';
import { Nothing, QueryState } from '../../parts/query-state.tsx';
import { useAddress } from '../../parts/use-address.ts';
import { server } from '../../server.ts';
import { readArtifact } from './read-artifact.ts';

const LIVE_MS = 4000;
const LARGEST = 5_000_000;
const MOST_LINES = 5000;
const LOG = /(^|\/)(stdout|stderr|output)(\.\w+)?$|\.log$|^logs\/.+\.(txt|log|out|err)$/i;

async function listLogs(run: string): Promise<Artifact[]> {
  const read = async (path: string) => (await server().listArtifacts({ params: { run }, query: { path } })).items;
  const root = await read('');
  const folders = root.filter(({ path, isDirectory }) => isDirectory && /^logs?$/i.test(path));
  const below = await Promise.all(folders.map(({ path }) => read(path)));
  return [...root, ...below.flat()].filter(({ path, isDirectory }) => !isDirectory && LOG.test(path));
}

function LogText({ run, log }: { run: Run; log: Artifact }) {
  const end = useRef<HTMLDivElement>(null);
  const query = useQuery({
    queryKey: ['artifact', run.runId, log.path, log.digest, log.sizeBytes],
    queryFn: async () => (await readArtifact(run.runId, log.path)).text(),
    placeholderData: (old) => old,
  });
  const lines = query.data?.split('\n') ?? [];
  const isLive = run.status === 'RUNNING';
  const count = lines.length;
  useEffect(() => {
    if (isLive && count > 0) end.current?.scrollTo({ top: end.current.scrollHeight });
  }, [isLive, count]);
  return (
    <QueryState query={query} height={400}>
      {() => (
        <>
          {count > MOST_LINES ? (
            <Text size="xs" c="dimmed">
              The last {MOST_LINES} of {count} lines; the file holds all.
            </Text>
          ) : null}
          <Code block ref={end} mah={520} style={{ overflow: 'auto' }}>
            {lines.slice(-MOST_LINES).join('\n')}
          </Code>
        </>
      )}
    </QueryState>
  );
}

/** What the run printed, where its client sent it: `logs/…`, `*.log`, `stdout.txt`. */
export function RunLogs({ run }: { run: Run }) {
  const [{ log }, set] = useAddress<{ log?: string }>();
  const query = useQuery({
    queryKey: ['runs', run.runId, 'logs'],
    queryFn: () => listLogs(run.runId),
    refetchInterval: run.status === 'RUNNING' ? LIVE_MS : false,
  });
  return (
    <QueryState query={query} height={400}>
      {(logs) => {
        const chosen = logs.find(({ path }) => path === log) ?? logs[0];
        if (chosen === undefined) {
          return (
            <Nothing title="No logs were sent">
              Send them as artifacts: <code>mlflow.log_artifact("train.log", "logs")</code>.
            </Nothing>
          );
        }
        return (
          <Stack gap="xs">
            <Group>
              <Select
                aria-label="Log"
                allowDeselect={false}
                data={logs.map(({ path }) => path)}
                value={chosen.path}
                onChange={(to) => set({ log: to ?? undefined })}
              />
              <Text size="xs" c="dimmed">
                {formatBytes(chosen.sizeBytes)}
              </Text>
            </Group>
            {(chosen.sizeBytes ?? 0) > LARGEST ? (
              <Nothing title="This log is too long to be shown">Download it among the artifacts.</Nothing>
            ) : (
              <LogText key={chosen.path} run={run} log={chosen} />
            )}
          </Stack>
        );
      }}
    </QueryState>
  );
}
