import path from 'node:path';
import { invalidInput } from '@flyball/api';
import { checkArtifactPath } from './artifact-path.ts';

/** Where clients send artifacts through this server. */
export const PROXY_SCHEME = 'mlflow-artifacts:';

const LONGEST_LOCATION = 2_048;

/**
 * An artifact location that a caller gives. The server reads only what went through itself, so any other place is mere
 * text to it; still nothing that two parsers could read differently is kept.
 */
export function checkArtifactLocation(location: string): string {
  if (location.length > LONGEST_LOCATION) {
    throw invalidInput(
      'Invalid artifact path length. The length of the artifact path cannot be greater than ' +
        `${LONGEST_LOCATION} characters.`,
    );
  }
  if (/^runs:/i.test(location)) {
    throw invalidInput(`Artifact location cannot be a runs:/ URI. Given: '${location}'`);
  }
  if (/[#;]/.test(location)) throw invalidInput("'artifact_location' URL can't include fragments or params.");
  const [place = '', ...query] = location.split('?');
  if (query.length > 0 && /\.\.|%/.test(query.join('?'))) throw invalidInput('Invalid query string');
  const scheme = /^[a-z][a-z0-9+.-]+:/i.exec(place)?.[0] ?? '';
  checkArtifactPath(place.slice(scheme.length).replace(/^\/+/, ''));
  return scheme === '' ? path.resolve(location) : location;
}

/** A location below another one; a query stays at the end. */
export function locationBelow(location: string, ...below: readonly string[]): string {
  const at = location.indexOf('?');
  const [place, query] = at === -1 ? [location, ''] : [location.slice(0, at), location.slice(at)];
  return [place.replace(/\/+$/, ''), ...below].join('/') + query;
}

/** The path in our own store that a location names; null for places that are not ours. */
export function proxiedPath(location: string): string | null {
  if (!location.toLowerCase().startsWith(PROXY_SCHEME)) return null;
  const rest = location.slice(PROXY_SCHEME.length);
  // An authority names a server, which is this one.
  const place = rest.startsWith('//') ? rest.slice(2).replace(/^[^/]*/, '') : rest;
  return checkArtifactPath(place.replace(/^\/+/, ''));
}
