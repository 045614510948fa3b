import { Image } from '@mantine/core';
import { useEffect, useState } from 'react';

const types: Readonly<Record<string, string>> = {
  svg: 'image/svg+xml',
  jpg: 'image/jpeg',
  mp3: 'audio/mpeg',
  m4a: 'audio/mp4',
  oga: 'audio/ogg',
  pdf: 'application/pdf',
};

/** The type that the ending of a name says, whatever the server said. */
function typeOf(path: string, kind: 'image' | 'audio' | 'application'): string {
  const ending = path.slice(path.lastIndexOf('.') + 1).toLowerCase();
  return types[ending] ?? `${kind}/${ending}`;
}

/** An address for bytes, as long as they are shown. */
function useBlobUrl(blob: Blob, path: string, kind: 'image' | 'audio' | 'application'): string | undefined {
  const [url, setUrl] = useState<string>();
  useEffect(() => {
    const made = URL.createObjectURL(new Blob([blob], { type: typeOf(path, kind) }));
    setUrl(made);
    return () => URL.revokeObjectURL(made);
  }, [blob, path, kind]);
  return url;
}

/** Also drawings with scripts: an image runs none. */
export function ImageView({ blob, path }: { blob: Blob; path: string }) {
  return <Image src={useBlobUrl(blob, path, 'image')} alt={path} fit="contain" mah={480} />;
}

export function AudioView({ blob, path }: { blob: Blob; path: string }) {
  const url = useBlobUrl(blob, path, 'audio');
  return (
    <audio controls src={url} aria-label={path} style={{ width: '100%' }}>
      <track kind="captions" />
    </audio>
  );
}

/** Shown by the browser's own viewer, which is apart from this page. */
export function PdfView({ blob, path }: { blob: Blob; path: string }) {
  const url = useBlobUrl(blob, path, 'application');
  if (url === undefined) return null;
  return <iframe src={url} title={path} style={{ width: '100%', height: 600, border: 0 }} />;
}
