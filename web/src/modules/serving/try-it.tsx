import type { Endpoint } from '@flyball/api';
import { Alert, Button, Code, Group, SimpleGrid, Stack, Text, TextInput } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';
import { formatSeconds } from '../../parts/format.ts';
import { JsonView } from '../../parts/json-view.tsx';
import { pathPrefix } from '../../path-prefix.ts';
import { storedProject, storedToken } from '../../server.ts';

type Input = Endpoint['inputs'][number];

/** Text of a form as an element of a tensor. */
function element({ name, datatype }: Input, text: string): string | number | boolean {
  if (datatype === 'BYTES') return text;
  if (datatype === 'BOOL') return text.trim().toLowerCase() === 'true' || text.trim() === '1';
  const number = Number(text);
  if (text.trim() === '' || Number.isNaN(number)) throw new RangeError(`“${name}” needs a number`);
  return number;
}

function requestFor(inputs: readonly Input[], texts: Readonly<Record<string, string>>) {
  return {
    inputs: inputs.map((input) => ({
      name: input.name,
      datatype: input.datatype,
      shape: [1],
      data: [element(input, texts[input.name] ?? '')],
    })),
  };
}

const addressOf = (endpoint: string): string => {
  const project = storedProject.get();
  const name = project === 'default' ? endpoint : `${project}~${endpoint}`;
  return `${pathPrefix}/v2/models/${encodeURIComponent(name)}/infer`;
};

async function infer(endpoint: string, body: object) {
  const token = storedToken.get();
  const began = performance.now();
  const answer = await fetch(addressOf(endpoint), {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    },
    body: JSON.stringify(body),
  });
  const text = await answer.text();
  const milliseconds = performance.now() - began;
  return { status: answer.status, milliseconds, text };
}

const readable = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
};

function Answer({ status, milliseconds, text }: { status: number; milliseconds: number; text: string }) {
  return (
    <Stack gap="xs">
      <Text fw={600}>
        {status === 200 ? 'Answered' : `Refused with status ${status}`} in {formatSeconds(milliseconds)}, the way here
        and back included
      </Text>
      <JsonView value={readable(text)} />
    </Stack>
  );
}

/** Asks the endpoint for one prediction, the way a program would. */
export function TryIt({ endpoint }: { endpoint: Endpoint }) {
  const [texts, setTexts] = useState<Readonly<Record<string, string>>>({});
  const ask = useMutation({
    mutationFn: async () => await infer(endpoint.name, requestFor(endpoint.inputs, texts)),
  });
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        ask.mutate();
      }}
    >
      <Stack>
        <Text size="sm">
          Posts an Open Inference request to <Code>{addressOf(endpoint.name)}</Code>. The prediction is logged like any
          other.
        </Text>
        <SimpleGrid cols={{ base: 1, sm: 2, lg: 3 }}>
          {endpoint.inputs.map(({ name, datatype }) => (
            <TextInput
              key={name}
              label={name}
              description={datatype}
              required={datatype !== 'BYTES'}
              value={texts[name] ?? ''}
              onChange={(event) => {
                const { value } = event.currentTarget;
                setTexts((old) => ({ ...old, [name]: value }));
              }}
            />
          ))}
        </SimpleGrid>
        <Group>
          <Button type="submit" loading={ask.isPending}>
            Predict
          </Button>
        </Group>
        {ask.isError ? <Alert color="red" title={ask.error.message} /> : null}
        {ask.data === undefined ? null : <Answer {...ask.data} />}
      </Stack>
    </form>
  );
}
