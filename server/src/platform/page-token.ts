import { createHash } from 'node:crypto';
import { invalidInput } from '@flyball/api';

/** The sort values of the last item of a page; the next page begins after them. */
export type PageValues = readonly (string | number | boolean)[];

const digestOf = (question: unknown): string =>
  createHash('sha256').update(JSON.stringify(question)).digest('base64url').slice(0, 12);

/** An opaque token, good for one question only: its values mean nothing in another order. */
export function pageToken(question: unknown, values: PageValues): string {
  return Buffer.from(JSON.stringify([digestOf(question), ...values])).toString('base64');
}

export function readPageToken(question: unknown, token: string | undefined): PageValues | null {
  if (token === undefined || token === '') return null;
  if (!/^[A-Za-z0-9+/_-]+={0,2}$/.test(token)) throw invalidInput('Invalid page token, could not base64-decode');
  let parsed: unknown;
  try {
    parsed = JSON.parse(Buffer.from(token, 'base64').toString('utf8'));
  } catch {
    throw invalidInput('Invalid page token, it was not made here');
  }
  const isToken = Array.isArray(parsed) && parsed.length > 1 && parsed.every((item) => typeof item !== 'object');
  if (!isToken) throw invalidInput('Invalid page token, it was not made here');
  const [digest, ...values] = parsed as [string, ...PageValues];
  if (digest !== digestOf(question)) throw invalidInput('Invalid page token, it belongs to another search');
  return values;
}
