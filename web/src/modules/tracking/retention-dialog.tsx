import type { RetentionRule } from '@flyball/api';
import { Button, Group, Modal, NumberInput, Stack, Text, TextInput } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { IconClockPause } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { QueryState } from '../../parts/query-state.tsx';
import { useChange } from '../../parts/use-change.ts';
import { server } from '../../server.ts';

const MOST_DAYS = 36_500;

function DaysField({
  label,
  value,
  set,
}: {
  label: string;
  value: number | null;
  set: (value: number | null) => void;
}) {
  return (
    <NumberInput
      label={label}
      placeholder="Never"
      suffix=" days"
      min={1}
      max={MOST_DAYS}
      clampBehavior="strict"
      allowDecimal={false}
      value={value ?? ''}
      onChange={(next) => set(typeof next === 'number' ? next : null)}
    />
  );
}

function RuleForm({ experiment, rule, onClose }: { experiment: string; rule: RetentionRule; onClose: () => void }) {
  const [draft, setDraft] = useState(rule);
  const put = useChange(
    () => server().putRetentionRule({ params: { experiment }, body: { ...draft, keepTag: draft.keepTag.trim() } }),
    { done: 'The rule is kept; it is applied every hour', stale: ['retention'], after: onClose },
  );
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        put.mutate(undefined);
      }}
    >
      <Stack>
        <Text size="sm">Runs that registered versions came from are always kept.</Text>
        <DaysField
          label="Move ended runs into the trash after"
          value={draft.deleteAfterDays}
          set={(deleteAfterDays) => setDraft({ ...draft, deleteAfterDays })}
        />
        <TextInput
          label="Except runs with the tag"
          required
          maxLength={250}
          value={draft.keepTag}
          onChange={(event) => setDraft({ ...draft, keepTag: event.currentTarget.value })}
        />
        <DaysField
          label="Delete runs in the trash for good after"
          value={draft.purgeAfterDays}
          set={(purgeAfterDays) => setDraft({ ...draft, purgeAfterDays })}
        />
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>
            Cancel
          </Button>
          <Button type="submit" loading={put.isPending} disabled={draft.keepTag.trim() === ''}>
            Keep this rule
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

function RetentionDialog({ experiment, onClose }: { experiment: string; onClose: () => void }) {
  const query = useQuery({
    queryKey: ['retention', experiment],
    queryFn: () => server().getRetentionRule({ params: { experiment } }),
  });
  return (
    <Modal opened onClose={onClose} title="How long runs are kept">
      <QueryState query={query} height={240}>
        {(rule) => <RuleForm experiment={experiment} rule={rule} onClose={onClose} />}
      </QueryState>
    </Modal>
  );
}

/** Opens the retention rule of an experiment. */
export function RetentionButton({ experiment }: { experiment: string }) {
  const [isOpen, dialog] = useDisclosure();
  return (
    <>
      <Button variant="default" leftSection={<IconClockPause size={16} />} onClick={dialog.open}>
        Retention
      </Button>
      {isOpen ? <RetentionDialog experiment={experiment} onClose={dialog.close} /> : null}
    </>
  );
}
