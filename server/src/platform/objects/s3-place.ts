import { invalidInput } from '@flyball/api';

/** Where objects live in an S3 store, as `s3://bucket/prefix?endpoint=…` says it. */
export interface S3Place {
  readonly bucket: string;
  /** Before every key: empty, or with a slash at its end. */
  readonly prefix: string;
  /** Of another store than Amazon's; its buckets are then part of the path. */
  readonly endpoint: string | undefined;
  readonly region: string | undefined;
  /** Whether clients may be sent to the store itself, by signed links. */
  readonly direct: boolean;
}

const bucketName = /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/;
const prefixName = /^[\w!.*'() -]+(\/[\w!.*'() -]+)*$/;
const known = new Set(['endpoint', 'region', 'direct']);

/** Never repeats the text: people write secrets into addresses. */
const bad = (problem: string) => invalidInput(`Expected s3://bucket/prefix?endpoint=…&region=…&direct=…: ${problem}`);

function checkEndpoint(endpoint: string | null): void {
  if (endpoint === null) return;
  const url = URL.canParse(endpoint) ? new URL(endpoint) : null;
  if (url === null || !/^https?:$/.test(url.protocol)) throw bad('the endpoint is no http or https address');
  if (url.username !== '' || url.password !== '') throw bad('credentials do not belong into the endpoint');
}

function prefixOf({ pathname }: URL): string {
  const prefix = decodeURIComponent(pathname).replace(/^\/+|\/+$/g, '');
  if (prefix === '') return '';
  if (prefixName.test(prefix) && !prefix.split('/').some((part) => /^\.+$/.test(part))) return `${prefix}/`;
  throw bad('the prefix has characters that do not belong into keys');
}

function isDirect(query: URLSearchParams): boolean {
  const direct = query.get('direct') ?? 'true';
  if (direct !== 'true' && direct !== 'false') throw bad('direct is true or false');
  return direct === 'true';
}

export function parseS3Place(text: string): S3Place {
  if (!URL.canParse(text)) throw bad('this is no address');
  const url = new URL(text);
  if (url.username !== '' || url.password !== '') {
    throw bad('credentials do not belong into it; set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or a profile');
  }
  if (url.port !== '' || !bucketName.test(url.hostname)) throw bad('this is no name of a bucket');
  const query = url.searchParams;
  for (const name of query.keys()) if (!known.has(name)) throw bad(`there is no parameter "${name}"`);
  checkEndpoint(query.get('endpoint'));
  return {
    bucket: url.hostname,
    prefix: prefixOf(url),
    endpoint: query.get('endpoint') ?? undefined,
    region: query.get('region') ?? undefined,
    direct: isDirect(query),
  };
}
