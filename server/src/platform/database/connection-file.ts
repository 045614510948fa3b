import { randomBytes } from 'node:crypto';
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { PlatformError } from '@flyball/api';
import * as z from 'zod';

const ConnectionFile = z.object({
  host: z.string(),
  port: z.int(),
  passwords: z.object({ postgres: z.string(), flyball_owner: z.string(), flyball: z.string() }),
  /** Whether roles and database were made. */
  prepared: z.boolean(),
  /** The process that runs the server, while it does. */
  supervisor: z.object({ pid: z.int(), start: z.string() }).optional(),
});
export type ConnectionFile = z.infer<typeof ConnectionFile>;

export interface ConnectionUrls {
  /** For the programs: rows only. */
  readonly url: string;
  /** For migrations: owns the database. */
  readonly ownerUrl: string;
  /** For backups and extensions: a superuser. */
  readonly adminUrl: string;
}

const fileOf = (dataDir: string): string => path.join(dataDir, 'postgres.json');

export function newConnection(): ConnectionFile {
  const password = () => randomBytes(32).toString('base64url');
  const passwords = { postgres: password(), flyball_owner: password(), flyball: password() };
  return { host: '', port: 0, passwords, prepared: false };
}

export function readConnectionFile(dataDir: string): ConnectionFile | undefined {
  const file = fileOf(dataDir);
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') return undefined;
    throw new PlatformError('unavailable', `${file} cannot be read by this user`, { cause });
  }
  try {
    return ConnectionFile.parse(JSON.parse(text));
  } catch (cause) {
    throw new PlatformError('unavailable', `${file} is damaged: restore it from a backup`, { cause });
  }
}

/** Replaces the file in one step, so that nobody ever reads half of it. */
export function writeConnectionFile(dataDir: string, connection: ConnectionFile): void {
  const draft = `${fileOf(dataDir)}.${process.pid}`;
  writeFileSync(draft, `${JSON.stringify(connection, null, 2)}\n`, { mode: 0o600 });
  renameSync(draft, fileOf(dataDir));
}

export function connectionUrl(
  connection: ConnectionFile,
  role: keyof ConnectionFile['passwords'],
  database: string,
): string {
  const at = connection.host.startsWith('/') ? 'localhost' : connection.host;
  const socket = connection.host.startsWith('/') ? `?host=${encodeURIComponent(connection.host)}` : '';
  return `postgres://${role}:${connection.passwords[role]}@${at}:${connection.port}/${database}${socket}`;
}

export function connectionUrls(connection: ConnectionFile): ConnectionUrls {
  return {
    url: connectionUrl(connection, 'flyball', 'flyball'),
    ownerUrl: connectionUrl(connection, 'flyball_owner', 'flyball'),
    adminUrl: connectionUrl(connection, 'postgres', 'postgres'),
  };
}
