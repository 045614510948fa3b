import type { Role, Token } from '@flyball/api';
import { Alert, Button, Code, CopyButton, Group, NumberInput, Select, Stack, Text, TextInput } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { Moment } from '../../parts/badges.tsx';
import { type Column, DataTable } from '../../parts/data-table.tsx';
import { QueryState } from '../../parts/query-state.tsx';
import { useChange } from '../../parts/use-change.ts';
import { server, storedProject } from '../../server.ts';

const roles = ['viewer', 'contributor', 'approver', 'admin'] as const satisfies readonly Role[];

function stateOf({ revokedAt, expiresAt }: Token): string {
  if (revokedAt !== null) return 'revoked';
  return expiresAt !== null && Date.parse(expiresAt) < Date.now() ? 'expired' : 'valid';
}

const columnsWith = (revoke: (id: string) => void): Column<Token>[] => [
  { title: 'Name', cell: (row) => row.name, sort: (row) => row.name },
  { title: 'Begins with', cell: (row) => <code>{row.prefix}</code> },
  { title: 'Project', cell: (row) => row.project ?? 'all' },
  { title: 'Role', cell: (row) => row.role, sort: (row) => row.role },
  { title: 'State', cell: stateOf, sort: stateOf },
  { title: 'By', cell: (row) => row.createdBy },
  { title: 'Created', cell: (row) => <Moment at={row.createdAt} />, sort: (row) => row.createdAt },
  { title: 'Expires', cell: (row) => <Moment at={row.expiresAt} /> },
  { title: 'Last used', cell: (row) => <Moment at={row.lastUsedAt} /> },
  {
    title: '',
    cell: (row) =>
      row.revokedAt === null ? (
        <Button size="compact-xs" color="red" variant="subtle" onClick={() => revoke(row.id)}>
          Revoke
        </Button>
      ) : null,
  },
];

function Secret({ secret }: { secret: string }) {
  return (
    <Alert color="green" title="Copy the token now: it is not shown again">
      <Group>
        <Code style={{ overflowWrap: 'anywhere' }}>{secret}</Code>
        <CopyButton value={secret}>
          {({ copied, copy }) => (
            <Button size="compact-xs" variant="default" onClick={copy}>
              {copied ? 'Copied' : 'Copy'}
            </Button>
          )}
        </CopyButton>
      </Group>
    </Alert>
  );
}

function NewToken() {
  const [name, setName] = useState('');
  const [role, setRole] = useState<Role>('contributor');
  const [everywhere, setEverywhere] = useState(false);
  const [days, setDays] = useState<string | number>(90);
  const create = useChange(
    () =>
      server().createToken({
        body: {
          name: name.trim(),
          role,
          ...(everywhere ? {} : { project: storedProject.get() }),
          ...(Number(days) >= 1 ? { expiresInDays: Number(days) } : {}),
        },
      }),
    { done: 'Created', stale: ['settings'] },
  );
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        create.mutate(undefined);
      }}
    >
      <Stack>
        <Group align="flex-end">
          <TextInput
            label="New token for"
            required
            value={name}
            onChange={(event) => setName(event.currentTarget.value)}
          />
          <Select
            label="Role"
            w={140}
            allowDeselect={false}
            data={[...roles]}
            value={role}
            onChange={(value) => setRole(roles.find((one) => one === value) ?? 'viewer')}
          />
          <Select
            label="In"
            w={180}
            allowDeselect={false}
            data={[
              { value: 'one', label: storedProject.get() },
              { value: 'all', label: 'all projects' },
            ]}
            value={everywhere ? 'all' : 'one'}
            onChange={(value) => setEverywhere(value === 'all')}
          />
          <NumberInput
            label="Expires in days"
            placeholder="never"
            w={160}
            min={1}
            max={3650}
            value={days}
            onChange={setDays}
          />
          <Button type="submit" variant="default" loading={create.isPending} disabled={name.trim() === ''}>
            Create
          </Button>
        </Group>
        {create.data === undefined ? null : <Secret secret={create.data.secret} />}
      </Stack>
    </form>
  );
}

/** The API tokens of this server, for admins. */
export function TokenSettings() {
  const query = useQuery({ queryKey: ['settings', 'tokens'], queryFn: () => server().listTokens() });
  const revoke = useChange((token: string) => server().revokeToken({ params: { token } }), {
    done: 'Revoked',
    stale: ['settings'],
  });
  return (
    <Stack>
      <Text size="sm" c="dimmed">
        Programs and people sign in with tokens; only admins see and make them.
      </Text>
      <QueryState query={query} height={120}>
        {({ items }) => (
          <>
            <NewToken />
            <DataTable
              rows={items}
              columns={columnsWith((id) => revoke.mutate(id))}
              rowKey={(row) => row.id}
              empty="Nobody needs a token as long as the server is open."
            />
          </>
        )}
      </QueryState>
    </Stack>
  );
}
