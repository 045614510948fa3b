import { type Access, PlatformError } from '@flyball/api';
import { type Actor, hasRole } from './actor.ts';

/** Denies unless the route is public or the actor's role in the project (or instance) suffices. */
export function requireAccess(actor: Actor, access: Access, project: string | null): void {
  if (access === 'public') return;
  if (actor.kind === 'anonymous') {
    throw new PlatformError('not_signed_in', 'Send an API token: header "Authorization: Bearer <token>"');
  }
  if (hasRole(actor, access, project)) return;
  const place = project === null ? 'on this instance' : `in project "${project}"`;
  throw new PlatformError('not_allowed', `"${actor.name}" needs the role ${access} ${place}`);
}
