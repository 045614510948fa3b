import type { Role } from '@flyball/api';

const rank: Record<Role, number> = { viewer: 1, contributor: 2, approver: 3, admin: 4 };

/** Whoever does something: a person on this machine, the holder of a token, or the platform itself. */
export interface Actor {
  readonly name: string;
  readonly kind: 'local' | 'token' | 'system' | 'anonymous';
  /** The role in a project; `null` asks for the whole instance. */
  roleIn(project: string | null): Role | null;
  readonly requestId?: string;
}

export function hasRole(actor: Actor, role: Role, project: string | null): boolean {
  const own = actor.roleIn(project);
  return own !== null && rank[own] >= rank[role];
}

/** Background work of the platform: it may do everything, and the audit trail names it. */
export const systemActor: Actor = { name: 'system', kind: 'system', roleIn: () => 'admin' };

export const anonymous: Actor = { name: 'anonymous', kind: 'anonymous', roleIn: () => null };

/** Somebody at the keyboard of a loopback-only instance. */
export const localActor: Actor = { name: 'local', kind: 'local', roleIn: () => 'admin' };
