import { Text } from '@mantine/core';

/** A page of unknown origin: without scripts, forms, links to our pages or anything of this origin. */
export function FramedHtml({ text, title, height = 480 }: { text: string; title: string; height?: number }) {
  return (
    <>
      <Text size="xs" c="dimmed">
        Scripts do not run here. Download the file to see what they would show.
      </Text>
      <iframe
        sandbox=""
        srcDoc={text}
        title={title}
        referrerPolicy="no-referrer"
        style={{ width: '100%', height, border: 0, background: '#fff', colorScheme: 'light' }}
      />
    </>
  );
}
