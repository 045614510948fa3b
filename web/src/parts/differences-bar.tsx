import { Button, Group, Switch } from '@mantine/core';
import { IconDownload } from '@tabler/icons-react';

/** Above things side by side: whether only what differs is shown, and all of it as CSV. */
export function DifferencesBar({
  differ,
  onDiffer,
  onSave,
}: {
  differ: boolean;
  onDiffer: (differ: true | undefined) => void;
  onSave: () => void;
}) {
  return (
    <Group justify="space-between">
      <Switch label="Only differences" checked={differ} onChange={() => onDiffer(differ ? undefined : true)} />
      <Button size="xs" variant="default" leftSection={<IconDownload size={14} />} onClick={onSave}>
        CSV
      </Button>
    </Group>
  );
}
