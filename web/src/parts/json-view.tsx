import { Code } from '@mantine/core';

/** Any value, as text that can be copied. */
export function JsonView({ value }: { value: unknown }) {
  return (
    <Code block style={{ maxHeight: 400, overflow: 'auto' }}>
      {JSON.stringify(value, null, 2)}
    </Code>
  );
}
