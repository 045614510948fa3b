import path from 'node:path';

const types: Readonly<Record<string, string>> = {
  bmp: 'image/bmp',
  csv: 'text/csv',
  gif: 'image/gif',
  geojson: 'application/geo+json',
  html: 'text/html',
  ipynb: 'application/x-ipynb+json',
  jpeg: 'image/jpeg',
  jpg: 'image/jpeg',
  json: 'application/json',
  md: 'text/markdown',
  mp3: 'audio/mpeg',
  mp4: 'video/mp4',
  ogg: 'audio/ogg',
  pdf: 'application/pdf',
  png: 'image/png',
  svg: 'image/svg+xml',
  tsv: 'text/tab-separated-values',
  wav: 'audio/wav',
  webm: 'video/webm',
  webp: 'image/webp',
  zip: 'application/zip',
};

const texts = new Set(
  'cfg conda conf env jsonl js jl log py r rst sh sql toml ts txt xml yaml yml'
    .split(' ')
    .concat('mlmodel', 'mlproject'),
);

/** By the name alone: content is never looked at, and browsers are told not to guess. */
export function contentTypeOf(file: string): string {
  const name = path.posix.basename(file).toLowerCase();
  const extension = name.includes('.') ? name.slice(name.lastIndexOf('.') + 1) : name;
  if (texts.has(extension)) return 'text/plain';
  return types[extension] ?? 'application/octet-stream';
}
