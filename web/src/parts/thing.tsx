import { Text } from '@mantine/core';
import { Go, placeOfThing } from './go.tsx';

/** Ids that only machines read are cut: their ends tell two of them apart. */
const shortId = (id: string): string => (/^[0-9a-f-]{32,36}$/.test(id) ? `…${id.slice(-8)}` : id);

/** A thing by its kind and id, and the way there. */
export function Thing({ kind, id }: { kind: string | null; id: string | null }) {
  if (kind === null || id === null) return <>–</>;
  const place = placeOfThing(kind, id);
  return (
    <Text span inherit title={id}>
      <Text span inherit c="dimmed">
        {kind.replaceAll('_', ' ')}{' '}
      </Text>
      {place === null ? shortId(id) : <Go {...place}>{shortId(id)}</Go>}
    </Text>
  );
}
