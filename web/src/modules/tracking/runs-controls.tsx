import type { RunKeys } from '@flyball/api';
import { Button, Group, MultiSelect, SegmentedControl, Select, Switch, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { server } from '../../server.ts';
import { ColumnChooser } from './column-chooser.tsx';
import { FilterField } from './filter-field.tsx';
import { type ChangeRunsAddress, isNested, PAGE_SIZE, pageSizes, type RunsAddress } from './runs-address.ts';

interface AddressProps {
  readonly address: RunsAddress;
  readonly set: ChangeRunsAddress;
}

function ExperimentSelect({ address, set }: AddressProps) {
  const { data } = useQuery({
    queryKey: ['runs', 'experiments'],
    queryFn: () => server().listExperiments({ query: { limit: 1000 } }),
  });
  const choices = (data?.items ?? []).map(({ experimentId, name, runCount }) => ({
    value: experimentId,
    label: `${name} (${runCount})`,
  }));
  return (
    <Select
      aria-label="Experiment"
      placeholder="All experiments"
      searchable
      clearable
      limit={200}
      data={choices}
      value={address.experiment ?? null}
      onChange={(value) =>
        set({ experiment: value ?? undefined, pages: undefined, columns: undefined, groupOffset: undefined })
      }
    />
  );
}

const MOST_FIELDS = 4;
const attributes = [
  { value: 'attributes.status', label: 'status' },
  { value: 'attributes.user_id', label: 'by' },
  { value: 'attributes.experiment_id', label: 'experiment' },
  { value: 'attributes.run_name', label: 'run name' },
];

function GroupSelect({ address, set, keys }: AddressProps & { keys: RunKeys | undefined }) {
  const group = address.group ?? [];
  const named = (part: 'params' | 'tags') => {
    const known = keys?.[part] ?? [];
    const chosen = group.filter((field) => field.startsWith(`${part}.`)).map((field) => field.slice(part.length + 1));
    return [...new Set([...known, ...chosen])].map((key) => ({ value: `${part}.${key}`, label: key }));
  };
  return (
    <MultiSelect
      size="xs"
      miw={220}
      aria-label="Group by"
      placeholder={group.length === 0 ? 'Group by…' : ''}
      searchable
      clearable
      limit={200}
      maxValues={MOST_FIELDS}
      data={[
        { group: 'Params', items: named('params') },
        { group: 'Attributes', items: attributes },
        { group: 'Tags', items: named('tags') },
      ]}
      value={group}
      onChange={(next) => set({ group: next.length === 0 ? undefined : next, groupOffset: undefined })}
    />
  );
}

/** What is looked for, and what is shown of it. */
export function RunsControls({
  address,
  set,
  keys,
  error,
  shown,
}: AddressProps & { keys: RunKeys | undefined; error: string | undefined; shown: readonly string[] }) {
  return (
    <>
      <Group align="flex-start" gap="xs">
        <ExperimentSelect address={address} set={set} />
        <FilterField
          filter={address.filter ?? ''}
          keys={keys}
          error={error}
          onFilter={(filter) =>
            set({ filter: filter === '' ? undefined : filter, pages: undefined, groupOffset: undefined })
          }
        />
        <Lifecycle address={address} set={set} />
        <ColumnChooser keys={keys} shown={shown} set={(columns) => set({ columns })} />
      </Group>
      <Group gap="xs">
        <GroupSelect address={address} set={set} keys={keys} />
        {address.group === undefined ? <NestSwitch address={address} set={set} /> : null}
      </Group>
    </>
  );
}

/** Runs that there are, or the trash. */
export function Lifecycle({ address, set }: AddressProps) {
  return (
    <SegmentedControl
      aria-label="Lifecycle"
      data={[
        { value: 'active', label: 'Active' },
        { value: 'deleted', label: 'Trash' },
      ]}
      value={address.stage ?? 'active'}
      onChange={(stage) =>
        set({
          stage: stage === 'deleted' ? 'deleted' : undefined,
          trash: undefined,
          pages: undefined,
          chosen: undefined,
        })
      }
    />
  );
}

/** Runs, experiments, or what was deleted for good. */
export function TrashParts({ address, set }: AddressProps) {
  return (
    <SegmentedControl
      aria-label="In the trash"
      data={[
        { value: 'runs', label: 'Runs' },
        { value: 'experiments', label: 'Experiments' },
        { value: 'purges', label: 'Deleted for good' },
      ]}
      value={address.trash ?? 'runs'}
      onChange={(part) =>
        set({
          trash: part === 'experiments' || part === 'purges' ? part : undefined,
          pages: undefined,
          chosen: undefined,
        })
      }
    />
  );
}

function NestSwitch({ address, set }: AddressProps) {
  return (
    <Switch
      size="xs"
      label={
        isNested(address) || address.flat === true ? 'Nested runs under their parents' : 'Filtered runs are not nested'
      }
      disabled={(address.filter ?? '') !== ''}
      checked={isNested(address)}
      onChange={() => set({ flat: address.flat === true ? undefined : true, pages: undefined })}
    />
  );
}

/** Which part of the list is shown, and how to go on. */
export function RunsPaging({ address, set, shown, next }: AddressProps & { shown: number; next: string | undefined }) {
  const { pages = [], size = PAGE_SIZE } = address;
  return (
    <Group justify="flex-end" gap="xs">
      <Select
        size="xs"
        w={130}
        aria-label="Runs per page"
        allowDeselect={false}
        data={pageSizes.map((value) => ({ value: String(value), label: `${value} per page` }))}
        value={String(size)}
        onChange={(value) => set({ size: Number(value), pages: undefined })}
      />
      <Button
        size="xs"
        variant="default"
        disabled={pages.length === 0}
        onClick={() => set({ pages: pages.length === 1 ? undefined : pages.slice(0, -1) })}
      >
        Previous
      </Button>
      <Text size="xs" c="dimmed" aria-live="polite">
        {shown === 0 ? 'none' : `${pages.length * size + 1} … ${pages.length * size + shown}`}
      </Text>
      <Button
        size="xs"
        variant="default"
        disabled={next === undefined}
        onClick={() => set({ pages: [...pages, next ?? ''] })}
      >
        Next
      </Button>
    </Group>
  );
}
