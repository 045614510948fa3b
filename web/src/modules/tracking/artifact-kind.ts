import type { Artifact } from '@flyball/api';

/** How a file is shown. */
export type ArtifactKind =
  | 'image'
  | 'audio'
  | 'pdf'
  | 'notebook'
  | 'rows'
  | 'table'
  | 'html'
  | 'markdown'
  | 'json'
  | 'model'
  | 'text';

const MILLION = 1_000_000;

const endings: readonly (readonly [ArtifactKind, RegExp, largest: number])[] = [
  ['image', /\.(png|jpe?g|gif|webp|svg)$/i, 20 * MILLION],
  ['audio', /\.(wav|mp3|ogg|oga|flac|m4a)$/i, 50 * MILLION],
  ['pdf', /\.pdf$/i, 50 * MILLION],
  ['notebook', /\.ipynb$/i, 20 * MILLION],
  ['rows', /\.(parquet|pq)$/i, Number.POSITIVE_INFINITY],
  ['table', /\.(csv|tsv)$/i, MILLION],
  ['rows', /\.(csv|tsv)$/i, Number.POSITIVE_INFINITY],
  ['html', /\.html?$/i, MILLION],
  ['markdown', /\.(md|markdown)$/i, MILLION],
  ['json', /\.json$/i, MILLION],
  ['model', /(^|\/)MLmodel$/, MILLION],
  ['text', /(\.(txt|ya?ml|log|py|ts|js|r|sh|toml|ini|cfg|sql|xml|jsonl)|(^|\/)[A-Za-z]+)$/i, MILLION],
];

/** Null where a file is too long or of no known kind. */
export const kindOfArtifact = ({ path, sizeBytes }: Pick<Artifact, 'path' | 'sizeBytes'>): ArtifactKind | null =>
  endings.find(([, ending, largest]) => ending.test(path) && (sizeBytes ?? 0) <= largest)?.[0] ?? null;
