import { apiPrefix, platformRoutes, type Route } from '@flyball/api';
import { rawRequest } from './raw-request.ts';

/** The address of a route with its parameters filled in; every parameter without a value is called `x`. */
export function routeAddress(route: Pick<Route, 'path'>, params: Readonly<Record<string, string>>): string {
  return apiPrefix + route.path.replace(/:(\w+)/g, (_, name: string) => encodeURIComponent(params[name] ?? 'x'));
}

/** Those of some routes that a server does not have. */
export async function missingRoutes(url: string, routes: Readonly<Record<string, Route>>): Promise<string[]> {
  const missing: string[] = [];
  for (const [name, route] of Object.entries(routes)) {
    const { status, text } = await rawRequest(url, routeAddress(route, { project: 'default' }), {
      method: route.method,
    });
    if (status === 404 && text.includes('There is nothing at')) missing.push(name);
  }
  return missing;
}

/** Whether modules are composed at all: then none of their routes may be missing. */
export function isComposed(missing: readonly string[], routes: Readonly<Record<string, Route>>): boolean {
  // The gateway's own route is passed on, whether there are modules or not.
  const ofModules = Object.keys(routes).filter((name) => !(name in platformRoutes) && name !== 'postLabels');
  return ofModules.some((name) => !missing.includes(name));
}
