import { Button, Group, Modal, Stack, Text, Textarea } from '@mantine/core';
import { type ReactNode, useState } from 'react';

export interface Choice {
  readonly title: string;
  readonly color: string;
  readonly run: (reason: string) => void;
}

/** Asks why, then does it: decisions go on record with their reason. */
export function ReasonDialog({
  title,
  opened,
  onClose,
  choices,
  optional = false,
  children,
}: {
  title: string;
  opened: boolean;
  onClose: () => void;
  choices: readonly Choice[];
  optional?: boolean;
  children?: ReactNode;
}) {
  const [reason, setReason] = useState('');
  return (
    <Modal opened={opened} onClose={onClose} title={title} size="lg">
      <Stack>
        {children}
        <Textarea
          label="Reason"
          required={!optional}
          autosize
          minRows={2}
          maxLength={2000}
          data-autofocus
          value={reason}
          onChange={(event) => setReason(event.currentTarget.value)}
        />
        <Text size="xs" c="dimmed">
          The reason is kept in the audit trail.
        </Text>
        <Group justify="flex-end">
          {choices.map((choice) => (
            <Button
              key={choice.title}
              color={choice.color}
              disabled={!optional && reason.trim() === ''}
              onClick={() => {
                choice.run(reason.trim());
                setReason('');
                onClose();
              }}
            >
              {choice.title}
            </Button>
          ))}
        </Group>
      </Stack>
    </Modal>
  );
}
