import { createHash, randomBytes, randomUUID, timingSafeEqual } from 'node:crypto';
import { notFound, PlatformError, type Role, type Token } from '@flyball/api';
import type { AuditLog } from '../audit/audit-log.ts';
import type { Database } from '../database/database.ts';
import { type Actor, anonymous, localActor } from './actor.ts';
import { projectExists } from './project-store.ts';
import { findLiveToken, insertToken, listTokens, revokeToken, type StoredToken, touchToken } from './token-store.ts';

const CACHE_MS = 30_000;
const TOUCH_EVERY_MS = 60_000;
/** Tells every process to forget the tokens that it remembers. */
export const TOKEN_CHANNEL = 'flyball_tokens';

export interface NewToken {
  readonly name: string;
  readonly role: Role;
  readonly project?: string | undefined;
  readonly expiresInDays?: number | undefined;
}

export interface Access {
  /** Who sends these headers. Wrong credentials are refused even where none are needed. */
  authenticate(headers: { readonly authorization?: string | undefined }, requestId: string): Promise<Actor>;
  /** `not_found` for a project that does not exist, told only to those who may see it. */
  requireProject(name: string): Promise<void>;
  createToken(actor: Actor, token: NewToken): Promise<Token & { secret: string }>;
  listTokens(): Promise<Token[]>;
  revokeToken(actor: Actor, id: string): Promise<void>;
  start(): Promise<void>;
  stop(): Promise<void>;
}

export interface AccessOptions {
  readonly auth: 'open' | 'token';
  readonly adminToken?: string | undefined;
}

const hashOf = (secret: string): Buffer => createHash('sha256').update(secret).digest();

/** Bearer tokens as they are; of Basic credentials the password, as MLflow clients send it. */
function secretIn(authorization: string): string {
  const [scheme = '', value = ''] = authorization.split(/\s+/, 2);
  if (scheme.toLowerCase() === 'bearer') return value;
  if (scheme.toLowerCase() !== 'basic') throw new PlatformError('not_signed_in', 'Use Bearer or Basic authorization');
  const decoded = Buffer.from(value, 'base64').toString('utf8');
  return decoded.slice(decoded.indexOf(':') + 1);
}

function actorOf(token: StoredToken): Omit<Actor, 'requestId'> {
  return {
    name: token.name,
    kind: 'token',
    roleIn: (project) => (token.project === null || token.project === project ? token.role : null),
  };
}

function presentToken(row: StoredToken): Token {
  return {
    id: row.id,
    name: row.name,
    prefix: row.prefix,
    project: row.project,
    role: row.role,
    createdBy: row.created_by,
    createdAt: row.created_at.toISOString(),
    expiresAt: row.expires_at?.toISOString() ?? null,
    lastUsedAt: row.last_used_at?.toISOString() ?? null,
    revokedAt: row.revoked_at?.toISOString() ?? null,
  };
}

interface CachedToken {
  readonly token: StoredToken;
  readonly until: number;
  touchedAt: number;
}

/** Tokens by hash, remembered for half a minute and forgotten at once when one is revoked anywhere. */
class TokenCache {
  readonly #database: Database;
  readonly #tokens = new Map<string, CachedToken>();
  #generation = 0;

  constructor(database: Database) {
    this.#database = database;
  }

  clear(): void {
    this.#generation++;
    this.#tokens.clear();
  }

  async find(secret: string): Promise<StoredToken | null> {
    const hash = hashOf(secret);
    const key = hash.toString('base64');
    const known = this.#tokens.get(key);
    const now = Date.now();
    if (known !== undefined && known.until > now && !isExpired(known.token, now)) {
      await this.#touch(known, now);
      return known.token;
    }
    this.#tokens.delete(key);
    const generation = this.#generation;
    const token = await findLiveToken(this.#database, hash);
    if (token === null) return null;
    if (this.#tokens.size > 10_000) this.#tokens.clear();
    const cached = { token, until: now + CACHE_MS, touchedAt: 0 };
    // It may have been revoked since it was read; then it must not be remembered.
    if (generation === this.#generation) this.#tokens.set(key, cached);
    await this.#touch(cached, now);
    return token;
  }

  async #touch(cached: CachedToken, now: number): Promise<void> {
    if (now - cached.touchedAt < TOUCH_EVERY_MS) return;
    cached.touchedAt = now;
    await touchToken(this.#database, cached.token.id);
  }
}

const isExpired = (token: StoredToken, now: number): boolean =>
  token.expires_at !== null && token.expires_at.getTime() <= now;

function matchesAdminToken(secret: string, adminToken: string | undefined): boolean {
  return adminToken !== undefined && timingSafeEqual(hashOf(secret), hashOf(adminToken));
}

export function createAccess(database: Database, audit: AuditLog, options: AccessOptions): Access {
  const cache = new TokenCache(database);
  const undo: (() => unknown)[] = [];

  async function identify(authorization: string | undefined): Promise<Omit<Actor, 'requestId'>> {
    if (authorization === undefined) return options.auth === 'open' ? localActor : anonymous;
    const secret = secretIn(authorization);
    if (matchesAdminToken(secret, options.adminToken)) return { name: 'admin', kind: 'token', roleIn: () => 'admin' };
    const token = await cache.find(secret);
    if (token === null) throw new PlatformError('not_signed_in', 'This API token is unknown, expired or revoked');
    return actorOf(token);
  }

  async function createToken(actor: Actor, token: NewToken): Promise<Token & { secret: string }> {
    const secret = `fb_${randomBytes(32).toString('base64url')}`;
    const days = token.expiresInDays;
    const row = await database.transaction(async (trx) => {
      if (token.project !== undefined && !(await projectExists(trx, token.project))) {
        throw notFound('project', token.project);
      }
      const stored = await insertToken(trx, {
        id: randomUUID(),
        name: token.name,
        prefix: secret.slice(0, 8),
        hash: hashOf(secret),
        project: token.project ?? null,
        role: token.role,
        created_by: actor.name,
        expires_at: days === undefined ? null : new Date(Date.now() + days * 86_400_000),
      });
      const details = { name: token.name, role: token.role, project: token.project ?? null };
      const subject = { kind: 'token', id: stored.id };
      await audit.record(trx, { actor, project: null, action: 'access.token-created', subject, details });
      return stored;
    });
    return { ...presentToken(row), secret };
  }

  return {
    authenticate: async ({ authorization }, requestId) => ({ ...(await identify(authorization)), requestId }),
    requireProject: async (name) => {
      if (!(await projectExists(database, name))) throw notFound('project', name);
    },
    createToken,
    listTokens: async () => (await listTokens(database)).map(presentToken),
    revokeToken: async (actor, id) => {
      await database.transaction(async (trx) => {
        if (!(await revokeToken(trx, id))) throw notFound('live token', id);
        const subject = { kind: 'token', id };
        await audit.record(trx, { actor, project: null, action: 'access.token-revoked', subject });
        await database.notify(TOKEN_CHANNEL, id, trx);
      });
      cache.clear();
    },
    start: async () => {
      undo.push(await database.listen(TOKEN_CHANNEL, () => cache.clear()));
      undo.push(database.onReconnect(() => cache.clear()));
    },
    stop: async () => {
      for (const step of undo.splice(0)) await step();
    },
  };
}
