import type { Run } from '@flyball/api';
import { Button, Code, CopyButton, Group, Stack, Text } from '@mantine/core';
import { IconCheck, IconCopy } from '@tabler/icons-react';
import { readingCode, reproduceCommand } from './reproduce-command.ts';

function Copyable({ title, text }: { title: string; text: string }) {
  return (
    <div>
      <Group justify="space-between" mb={4}>
        <Text fw={600} size="sm">
          {title}
        </Text>
        <CopyButton value={text}>
          {({ copied, copy }) => (
            <Button
              size="compact-xs"
              variant="default"
              leftSection={copied ? <IconCheck size={12} /> : <IconCopy size={12} />}
              onClick={copy}
            >
              {copied ? 'Copied' : 'Copy'}
            </Button>
          )}
        </CopyButton>
      </Group>
      <Code block>{text}</Code>
    </div>
  );
}

/** How to do again what the run did, and how to read what it left. */
export function RunReproduce({ run }: { run: Run }) {
  const command = reproduceCommand(run, location.origin);
  return (
    <Stack maw={900}>
      {command === '' ? (
        <Text size="sm" c="dimmed">
          The run did not tell where its code is: no tag mlflow.source.name or mlflow.source.git.commit.
        </Text>
      ) : (
        <Copyable title="Run it again" text={command} />
      )}
      <Copyable title="Read what it left" text={readingCode(run, location.origin)} />
    </Stack>
  );
}
