import { Text } from '@mantine/core';

/** A digest in full: whoever compares two needs every digit. */
export function Digest({ value }: { value: string }) {
  return (
    <Text span ff="monospace" fz="xs" style={{ overflowWrap: 'anywhere' }}>
      {value}
    </Text>
  );
}
