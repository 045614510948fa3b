import { allRoutes, type Client, createClient } from '@flyball/api';
import { pathPrefix } from './path-prefix.ts';

const TOKEN_KEY = 'flyball-token';

/** The API token of this browser, for servers that want one. */
export const storedToken = {
  get: (): string | undefined => localStorage.getItem(TOKEN_KEY) ?? undefined,
  set: (token: string): void => localStorage.setItem(TOKEN_KEY, token),
  clear: (): void => localStorage.removeItem(TOKEN_KEY),
};

const PROJECT_KEY = 'flyball-project';

export const storedProject = {
  get: (): string => localStorage.getItem(PROJECT_KEY) ?? 'default',
  set: (project: string): void => localStorage.setItem(PROJECT_KEY, project),
};

/** The typed client of the page's own server, as whoever is signed in, in the chosen project. */
export function server(): Client<typeof allRoutes> {
  const token = storedToken.get();
  return createClient(allRoutes, {
    url: pathPrefix,
    project: storedProject.get(),
    ...(token === undefined ? {} : { token }),
  });
}
