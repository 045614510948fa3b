import { Button, Group, Select, Stack, TextInput } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { QueryState } from '../../parts/query-state.tsx';
import { useChange } from '../../parts/use-change.ts';
import { pathPrefix } from '../../path-prefix.ts';
import { server, storedProject } from '../../server.ts';

function enter(project: string): void {
  storedProject.set(project);
  // Every query and the event stream belong to a project; a fresh page is the sure way to leave none behind.
  location.assign(`${pathPrefix}/ui/`);
}

function NewProject() {
  const [name, setName] = useState('');
  const [title, setTitle] = useState('');
  const create = useChange(() => server().createProject({ body: { name: name.trim(), title: title.trim() } }), {
    done: 'Created',
    stale: ['settings'],
    after: (project) => enter(project.name),
  });
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        create.mutate(undefined);
      }}
    >
      <Group align="flex-end">
        <TextInput
          label="New project"
          placeholder="name"
          required
          value={name}
          onChange={(event) => setName(event.currentTarget.value)}
        />
        <TextInput label="Title" value={title} onChange={(event) => setTitle(event.currentTarget.value)} />
        <Button type="submit" variant="default" loading={create.isPending} disabled={name.trim() === ''}>
          Create
        </Button>
      </Group>
    </form>
  );
}

/** Which project this browser looks at, and how to make another. */
export function ProjectSettings() {
  const query = useQuery({ queryKey: ['settings', 'projects'], queryFn: () => server().listProjects() });
  return (
    <Stack>
      <QueryState query={query} height={60}>
        {({ items }) => (
          <Select
            label="Project"
            maw={360}
            allowDeselect={false}
            data={items.map(({ name, title }) => ({ value: name, label: title === '' ? name : `${name}: ${title}` }))}
            value={storedProject.get()}
            onChange={(value) => {
              if (value !== null) enter(value);
            }}
          />
        )}
      </QueryState>
      <NewProject />
    </Stack>
  );
}
