import type { Artifact, Run } from '@flyball/api';

/** An image of a series, or a table: the runs that have one of the same key are set side by side. */
export interface LoggedMedium {
  readonly kind: 'image' | 'table';
  readonly key: string;
  /** Tables have none. */
  readonly step: number | null;
  readonly path: string;
}

const IMAGE = /^images\/(.+)%step%(\d+)%timestamp%(\d+)%[^/]+\.(png|jpe?g|gif|webp)$/i;
const NEW_IMAGE = /^images\/(.+)\+step\+(\d+)\+timestamp\+(\d+)\+[^/]+\.(png|jpe?g|gif|webp)$/i;
const THUMBNAIL = /[%+]compressed\.\w+$/i;

/** What clients write for a slash in a key: the newest a tilde, older ones a number sign. */
const SLASH = /[~#]/g;

/** Images as MLflow's `log_image` names them: key, step and time are in the name, with small copies beside them. */
export function loggedImages(files: readonly Pick<Artifact, 'path' | 'isDirectory'>[]): LoggedMedium[] {
  return files.flatMap(({ path, isDirectory }) => {
    const found = isDirectory || THUMBNAIL.test(path) ? null : (IMAGE.exec(path) ?? NEW_IMAGE.exec(path));
    const [, key = '', step = ''] = found ?? [];
    return found === null
      ? []
      : [{ kind: 'image' as const, key: key.replaceAll(SLASH, '/'), step: Number(step), path }];
  });
}

/** Tables as MLflow's `log_table` notes them in a tag. */
export function loggedTables({ tags }: Pick<Run, 'tags'>): LoggedMedium[] {
  let noted: unknown;
  try {
    noted = JSON.parse(tags['mlflow.loggedArtifacts'] ?? '[]');
  } catch {
    return [];
  }
  if (!Array.isArray(noted)) return [];
  return noted.flatMap((one: unknown) => {
    const { path, type } = (one ?? {}) as { path?: unknown; type?: unknown };
    if (type !== 'table' || typeof path !== 'string') return [];
    return [{ kind: 'table' as const, key: path, step: null, path }];
  });
}

/** The newest at or before a step, or the first there is. */
export function mediumAt(media: readonly LoggedMedium[], key: string, step: number): LoggedMedium | null {
  const own = media.filter((medium) => medium.key === key).sort((a, b) => (a.step ?? 0) - (b.step ?? 0));
  return own.findLast((medium) => (medium.step ?? 0) <= step) ?? own[0] ?? null;
}
