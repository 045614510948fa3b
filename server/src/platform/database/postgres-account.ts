import { readFileSync, realpathSync, type Stats, statSync } from 'node:fs';
import path from 'node:path';

/** The account PostgreSQL runs as; undefined means ours. PostgreSQL refuses to run as root. */
export interface Account {
  readonly uid: number;
  readonly gid: number;
}

/** What the server may see of our environment: nothing secret. */
export const SERVER_ENVIRONMENT = { PATH: '/usr/local/bin:/usr/bin:/bin', LC_ALL: 'C', TZ: 'UTC' };

/** Under root the `postgres` account, else `nobody`; anyone else runs PostgreSQL as themselves. */
export function chooseAccount(): Account | undefined {
  if (process.getuid?.() !== 0) return undefined;
  return lookUp('postgres') ?? lookUp('nobody') ?? { uid: 65_534, gid: 65_534 };
}

function lookUp(name: string): Account | undefined {
  const line = readLines('/etc/passwd').find((entry) => entry.startsWith(`${name}:`));
  const [, , uid, gid] = line?.split(':') ?? [];
  return uid === undefined || gid === undefined ? undefined : { uid: Number(uid), gid: Number(gid) };
}

export function readLines(file: string): string[] {
  try {
    return readFileSync(file, 'utf8').split('\n');
  } catch {
    return [];
  }
}

const maySearch = (stats: Stats, { uid, gid }: Account): boolean => {
  if (stats.uid === uid) return (stats.mode & 0o100) !== 0;
  return (stats.mode & (stats.gid === gid ? 0o010 : 0o001)) !== 0;
};

/** Whether `account` can walk down to `directory`; below a 0700 home of somebody else it cannot. */
export function canReach(directory: string, account: Account | undefined): boolean {
  if (account === undefined) return true;
  for (let at = realpathSync(directory); ; at = path.dirname(at)) {
    if (!maySearch(statSync(at), account)) return false;
    if (at === path.dirname(at)) return true;
  }
}
