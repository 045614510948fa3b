import { createCipheriv, createDecipheriv, createHash, hkdfSync, randomBytes } from 'node:crypto';
import { PlatformError } from '@flyball/api';
import type { Database } from '../database/database.ts';
import { readSigningKey } from './signing-key-store.ts';

/** Secrets that must be used again, so a hash would not do: encrypted as long as they lie in the database. */
export interface SealedSecrets {
  /** `owner` names what the secret belongs to; it opens for that owner only. */
  seal(owner: string, secret: string): Promise<Buffer>;
  /** `unavailable` when it was sealed with another key. */
  open(owner: string, sealed: Buffer): Promise<string>;
}

const ALGORITHM = 'aes-256-gcm';
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/**
 * The key comes of the platform's own, which lies in the database, and of the operator's, which does not: only with the
 * second is a copy of the database worth nothing.
 */
export function createSealedSecrets(database: Database, operatorKey: string | undefined): SealedSecrets {
  let key: Promise<Buffer> | undefined;
  const sealingKey = async (): Promise<Buffer> => {
    const own = await readSigningKey(database);
    const salt = createHash('sha256')
      .update(operatorKey ?? '')
      .digest();
    return Buffer.from(hkdfSync('sha256', own, salt, 'flyball sealed secrets', 32));
  };
  const readKey = async (): Promise<Buffer> => {
    key ??= sealingKey();
    return await key.catch((error: unknown) => {
      key = undefined;
      throw error;
    });
  };
  return {
    seal: async (owner, secret) => {
      const nonce = randomBytes(NONCE_BYTES);
      const cipher = createCipheriv(ALGORITHM, await readKey(), nonce).setAAD(Buffer.from(owner));
      const text = Buffer.concat([cipher.update(secret, 'utf8'), cipher.final()]);
      return Buffer.concat([nonce, cipher.getAuthTag(), text]);
    },
    open: async (owner, sealed) => {
      const nonce = sealed.subarray(0, NONCE_BYTES);
      const tag = sealed.subarray(NONCE_BYTES, NONCE_BYTES + TAG_BYTES);
      const decipher = createDecipheriv(ALGORITHM, await readKey(), nonce)
        .setAAD(Buffer.from(owner))
        .setAuthTag(tag);
      try {
        const text = [decipher.update(sealed.subarray(NONCE_BYTES + TAG_BYTES)), decipher.final()];
        return Buffer.concat(text).toString('utf8');
      } catch (cause) {
        const message = `The secret of ${owner} was sealed with another FLYBALL_SECRET_KEY; set it anew`;
        throw new PlatformError('unavailable', message, { cause });
      }
    },
  };
}
