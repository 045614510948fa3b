import { createHmac, timingSafeEqual } from 'node:crypto';
import { PlatformError } from '@flyball/api';
import type { Clock } from '../clock.ts';
import type { Database } from '../database/database.ts';
import { readSigningKey } from './signing-key-store.ts';

/** What a signed link carries in its query. */
export interface LinkSignature {
  readonly expires: string;
  readonly signature: string;
}

/** Links that stand for a permission: whoever has one may do the one thing that it names, until it expires. */
export interface SignedLinks {
  sign(subject: string, seconds: number): Promise<LinkSignature>;
  /** `not_found` for a link that was not made here for this subject, or has expired. */
  check(subject: string, given: { readonly expires?: unknown; readonly signature?: unknown }): Promise<void>;
}

/** Signs with a key that all programs share through the database. */
export function createSignedLinks(database: Database, clock: Clock): SignedLinks {
  let key: Promise<Buffer> | undefined;
  const signatureOf = async (subject: string, expires: string): Promise<Buffer> => {
    key ??= readSigningKey(database);
    const secret = await key.catch((error: unknown) => {
      key = undefined;
      throw error;
    });
    return createHmac('sha256', secret)
      .update(JSON.stringify([subject, expires]))
      .digest();
  };
  return {
    sign: async (subject, seconds) => {
      const expires = String(Math.floor(clock.now().getTime() / 1000) + seconds);
      return { expires, signature: (await signatureOf(subject, expires)).toString('base64url') };
    },
    check: async (subject, { expires, signature }) => {
      const gone = new PlatformError('not_found', 'This link is not valid, or has expired; ask for a new one');
      if (typeof expires !== 'string' || typeof signature !== 'string' || !/^\d{1,12}$/.test(expires)) throw gone;
      const expected = await signatureOf(subject, expires);
      const given = Buffer.from(signature, 'base64url');
      if (given.length !== expected.length || !timingSafeEqual(given, expected)) throw gone;
      if (Number(expires) * 1000 <= clock.now().getTime()) throw gone;
    },
  };
}
