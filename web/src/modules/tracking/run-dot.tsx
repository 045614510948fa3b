import type { Run } from '@flyball/api';
import { Button, ColorPicker, Group, Popover, Stack, TextInput, UnstyledButton } from '@mantine/core';
import { useState } from 'react';
import { useChange } from '../../parts/use-change.ts';
import { server } from '../../server.ts';
import { COLOUR_TAG, colourOfText, isColour, runColour } from './run-colour.ts';

const swatches = ['#d49f3d', '#4c8eda', '#40a070', '#c2559d', '#8a6fd1', '#e8743b', '#3aa6a6', '#e03131', '#868e96'];

/** A dot in the colour that stands for something in charts. */
export function Dot({ colour, size = 10 }: { colour: string; size?: number }) {
  return (
    <span
      aria-hidden
      style={{
        display: 'inline-block',
        width: size,
        height: size,
        borderRadius: size,
        background: colour,
        flexShrink: 0,
      }}
    />
  );
}

function ColourForm({ run, onEnd }: { run: Pick<Run, 'runId' | 'tags'>; onEnd: () => void }) {
  const [colour, setColour] = useState(runColour(run));
  const change = useChange(
    (to: string | null) =>
      server().changeRuns({
        body: { runIds: [run.runId], ...(to === null ? { removeTags: [COLOUR_TAG] } : { tags: { [COLOUR_TAG]: to } }) },
      }),
    { done: 'Colour changed', stale: ['runs'], after: onEnd },
  );
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        change.mutate(colour);
      }}
    >
      <Stack gap="xs">
        <ColorPicker format="hex" value={colour} onChange={setColour} swatches={swatches} swatchesPerRow={9} />
        <TextInput
          size="xs"
          aria-label="Colour in hex"
          data-autofocus
          value={colour}
          onChange={(event) => setColour(event.currentTarget.value)}
          error={isColour(colour) ? undefined : 'A colour such as #4c8eda'}
        />
        <Group gap="xs">
          <Button size="xs" type="submit" disabled={!isColour(colour)} loading={change.isPending}>
            Use it
          </Button>
          <Button
            size="xs"
            variant="default"
            disabled={run.tags[COLOUR_TAG] === undefined}
            leftSection={<Dot colour={colourOfText(run.runId)} />}
            onClick={() => change.mutate(null)}
          >
            As at first
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

/** The run's dot, which opens the choice of another colour. */
export function RunDot({ run }: { run: Pick<Run, 'runId' | 'name' | 'tags'> }) {
  const [opened, setOpened] = useState(false);
  const button = (
    <UnstyledButton
      aria-label={`Colour of ${run.name}`}
      title="The colour of this run in charts"
      lh={1}
      p={3}
      onClick={() => setOpened(!opened)}
    >
      <Dot colour={runColour(run)} />
    </UnstyledButton>
  );
  // A long table has many dots and at most one of these.
  if (!opened) return button;
  return (
    <Popover opened onChange={setOpened} trapFocus returnFocus shadow="md" position="bottom-start">
      <Popover.Target>{button}</Popover.Target>
      <Popover.Dropdown onClick={(event) => event.stopPropagation()} onKeyDown={(event) => event.stopPropagation()}>
        <ColourForm run={run} onEnd={() => setOpened(false)} />
      </Popover.Dropdown>
    </Popover>
  );
}
