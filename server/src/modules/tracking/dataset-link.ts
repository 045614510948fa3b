import type { VersionClaim } from '#data';
import type { StoredInput } from './run-store.ts';

/** By which a client says that a dataset it read is a version of ours: `flights@3`. */
const VERSION_TAG = 'flyball.dataset_version';

/** MLflow keeps no more characters of a digest: 144 bits, which no two versions share by chance. */
const KEPT_DIGEST = /^[0-9a-f]{36}$/;
const VERSION_PATH = /^\/api\/v1\/projects\/([^/]+)\/datasets\/([^/]+)\/versions\/([1-9]\d{0,8})(?:\/(?:rows|query))?$/;

function versionOf(text: string | undefined): VersionClaim | null {
  const [, dataset, version] = /^(.+)@([1-9]\d{0,8})$/.exec(text ?? '') ?? [];
  return dataset === undefined ? null : { dataset, version: Number(version) };
}

/** The address in what a client says of a source: JSON with `url` or `uri`, or nothing but the address. */
function addressOf(source: string): string {
  try {
    const { url, uri } = JSON.parse(source) as { url?: unknown; uri?: unknown };
    return String(url ?? uri ?? '');
  } catch {
    return source;
  }
}

function decoded(text: string): string | null {
  try {
    return decodeURIComponent(text);
  } catch {
    return null;
  }
}

/** A version of ours in this project, when the address is one of this server. */
function claimOfAddress(address: string, project: string, own: readonly string[]): VersionClaim | null {
  const base = own.find((each) => address.startsWith(`${each}/`));
  const path = base === undefined ? '' : address.slice(base.length).replace(/[?#].*$/s, '');
  const [, inProject = '', name = '', version] = VERSION_PATH.exec(path) ?? [];
  const dataset = decoded(name);
  if (version === undefined || dataset === null || decoded(inProject) !== project) return null;
  return { dataset, version: Number(version) };
}

/** Which version of ours a dataset says that it is, whether there is one or not; null when it says nothing exact. */
export function versionClaim(
  { tags, source, digest }: StoredInput,
  project: string,
  own: readonly string[],
): VersionClaim | null {
  const said = versionOf(tags[VERSION_TAG]) ?? claimOfAddress(addressOf(source), project, own);
  if (said !== null) return said;
  return KEPT_DIGEST.test(digest) ? { digest } : null;
}
