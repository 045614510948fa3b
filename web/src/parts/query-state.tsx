import { PlatformError } from '@flyball/api';
import { Alert, Button, Center, Skeleton, Stack, Text, TextInput } from '@mantine/core';
import { IconAlertTriangle, IconDatabaseOff } from '@tabler/icons-react';
import type { UseQueryResult } from '@tanstack/react-query';
import { type ReactNode, useState } from 'react';
import { storedToken } from '../server.ts';

const advice: Partial<Record<string, string>> = {
  unavailable: 'The server does not answer. Is "flyball up" running?',
  not_allowed: 'Ask an admin of the project for the role that this needs.',
  not_found: 'It may have been deleted or renamed.',
  internal: 'The server’s log says more; look for the request at this time.',
};

function SignIn() {
  const [token, setToken] = useState('');
  const signIn = (): void => {
    storedToken.set(token.trim());
    location.reload();
  };
  return (
    <Stack maw={420} mx="auto" mt="xl">
      <Text>This server asks for an API token. An admin makes one with “flyball token create”.</Text>
      <TextInput
        label="API token"
        type="password"
        value={token}
        onChange={(event) => setToken(event.currentTarget.value)}
      />
      <Button onClick={signIn} disabled={token.trim() === ''}>
        Sign in
      </Button>
    </Stack>
  );
}

/** What went wrong and what to do about it. */
function Failure({ error, retry }: { error: unknown; retry?: () => void }) {
  const code = error instanceof PlatformError ? error.code : 'internal';
  if (code === 'not_signed_in') return <SignIn />;
  return (
    <Alert icon={<IconAlertTriangle />} color="red" title={error instanceof Error ? error.message : String(error)}>
      <Stack gap="xs" align="flex-start">
        <Text size="sm">{advice[code] ?? 'Check what you asked for, and try again.'}</Text>
        {retry === undefined ? null : (
          <Button size="xs" variant="light" color="red" onClick={retry}>
            Try again
          </Button>
        )}
      </Stack>
    </Alert>
  );
}

/** Nothing here yet, and how to change that. */
export function Nothing({ title, children }: { title: string; children?: ReactNode }) {
  return (
    <Center mih={160}>
      <Stack align="center" gap="xs">
        <IconDatabaseOff size={32} opacity={0.4} />
        <Text fw={500}>{title}</Text>
        <Text size="sm" c="dimmed" maw={480} ta="center" component="div">
          {children}
        </Text>
      </Stack>
    </Center>
  );
}

/** Loading, failed, or there: the same place and size in each case, so that nothing jumps. */
export function QueryState<T>({
  query,
  height = 240,
  children,
}: {
  query: UseQueryResult<T>;
  height?: number;
  children: (data: T) => ReactNode;
}) {
  if (query.data !== undefined) return <>{children(query.data)}</>;
  if (query.isError) return <Failure error={query.error} retry={() => void query.refetch()} />;
  return <Skeleton height={height} radius="md" aria-label="loading" />;
}
