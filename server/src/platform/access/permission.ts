import { type Access, PlatformError } from '@flyball/api';
import { type Actor, hasRole } from './actor.ts';

/** Denies only those of whom nothing is known. */
export function requireSignedIn(actor: Actor): void {
  if (actor.kind !== 'anonymous') return;
  throw new PlatformError('not_signed_in', 'Send an API token: header "Authorization: Bearer <token>"');
}

/** Denies unless the route is public or the actor's role in the project (or instance) suffices. */
export function requireAccess(actor: Actor, access: Access, project: string | null): void {
  if (access === 'public') return;
  requireSignedIn(actor);
  if (hasRole(actor, access, project)) return;
  const place = project === null ? 'on this instance' : `in project "${project}"`;
  throw new PlatformError('not_allowed', `"${actor.name}" needs the role ${access} ${place}`);
}
