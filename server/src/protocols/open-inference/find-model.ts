import { notFound, PlatformError } from '@flyball/api';
import type { Actor } from '#platform/access/actor';
import { requireAccess } from '#platform/access/permission';
import type { Gateway, ServedEndpoint } from '#serving';

export interface Model {
  readonly name: string;
  readonly served: ServedEndpoint;
  /** The version that the path names. */
  readonly version: number | undefined;
}

const PATH = /^\/v2(?:\/(.*?))?\/?$/;

const MAX_KNOWN = 1000;
const known = new Map<string, readonly string[]>();

/** The decoded parts of a path after `/v2`. Few paths are asked for again and again, so they are remembered. */
export function pathParts(url: string): readonly string[] {
  let parts = known.get(url);
  if (parts !== undefined) return parts;
  parts = splitPath(url);
  if (known.size >= MAX_KNOWN) known.clear();
  if (url.length < 500) known.set(url, parts);
  return parts;
}

function splitPath(url: string): string[] {
  const path = url.split('?', 1)[0]!;
  const rest = PATH.exec(path)?.[1];
  if (rest === undefined || rest === '') return [];
  try {
    return rest.split('/').map(decodeURIComponent);
  } catch {
    throw new PlatformError('invalid_input', `The path ${path} is not encoded as it should be`);
  }
}

/** `name` in the project "default", `project~name` in any other. */
export function findModel(gateway: Gateway, actor: Actor, name: string, version: string | undefined): Model {
  const cut = name.indexOf('~');
  const project = cut < 0 ? 'default' : name.slice(0, cut);
  requireAccess(actor, 'viewer', project);
  const served = gateway.find(project, cut < 0 ? name : name.slice(cut + 1));
  if (served === undefined) throw notFound('model', name);
  if (version === undefined) return { name, served, version };
  const number = /^\d{1,9}$/.test(version) ? Number(version) : Number.NaN;
  if (!served.versions.has(number)) throw notFound('model version', `${name}/${version}`);
  return { name, served, version: number };
}
