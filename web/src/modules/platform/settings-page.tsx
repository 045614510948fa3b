import { Button, Group, PasswordInput, Stack, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { Moment } from '../../parts/badges.tsx';
import { Facts } from '../../parts/facts.tsx';
import { Page } from '../../parts/page.tsx';
import { PageTabs } from '../../parts/page-tabs.tsx';
import { QueryState } from '../../parts/query-state.tsx';
import { pathPrefix } from '../../path-prefix.ts';
import { server, storedToken } from '../../server.ts';
import { ProjectSettings } from './project-settings.tsx';
import { TokenSettings } from './token-settings.tsx';

function System() {
  const query = useQuery({ queryKey: ['settings', 'system'], queryFn: () => server().getSystem() });
  return (
    <QueryState query={query}>
      {({ version, auth, actor, role, gatewayUrl, postgres, startedAt }) => (
        <Facts
          facts={[
            ['Flyball', version],
            ['Access', auth === 'open' ? 'open: everybody on this machine is admin' : 'by API token'],
            ['You are', role === null ? `${actor}, without a role` : `${actor}, ${role}`],
            ['Gateway', <code key="gateway">{gatewayUrl}</code>],
            ['PostgreSQL', postgres ?? '–'],
            ['Started', <Moment key="started" at={startedAt} />],
            [
              'API',
              <a key="api" href={`${pathPrefix}/openapi.json`}>
                OpenAPI document
              </a>,
            ],
          ]}
        />
      )}
    </QueryState>
  );
}

function SignIn() {
  const [token, setToken] = useState('');
  const isSignedIn = storedToken.get() !== undefined;
  return (
    <Stack maw={480}>
      <Text size="sm">
        {isSignedIn
          ? 'This browser holds an API token and sends it with every request.'
          : 'This browser holds no API token.'}
      </Text>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          storedToken.set(token.trim());
          location.reload();
        }}
      >
        <Group align="flex-end">
          <PasswordInput
            flex={1}
            label="API token"
            value={token}
            onChange={(event) => setToken(event.currentTarget.value)}
          />
          <Button type="submit" disabled={token.trim() === ''}>
            {isSignedIn ? 'Replace' : 'Sign in'}
          </Button>
        </Group>
      </form>
      {isSignedIn ? (
        <Button
          variant="default"
          style={{ alignSelf: 'flex-start' }}
          onClick={() => {
            storedToken.clear();
            location.reload();
          }}
        >
          Sign out
        </Button>
      ) : null}
    </Stack>
  );
}

export function SettingsPage() {
  return (
    <Page title="Settings">
      <PageTabs
        tabs={[
          { value: 'system', title: 'System', content: () => <System /> },
          { value: 'project', title: 'Project', content: () => <ProjectSettings /> },
          { value: 'tokens', title: 'API tokens', content: () => <TokenSettings /> },
          { value: 'browser', title: 'This browser', content: () => <SignIn /> },
        ]}
      />
    </Page>
  );
}
