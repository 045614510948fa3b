import { type EventName, events } from '@flyball/api';
import { useQueryClient } from '@tanstack/react-query';
import { useEffect } from 'react';
import { pathPrefix } from './path-prefix.ts';
import { storedProject, storedToken } from './server.ts';

/** Which queries an event makes stale: the first part of their keys. */
const staleAfter: Readonly<Record<string, readonly string[]>> = {
  data: ['datasets', 'lineage', 'overview'],
  features: ['features'],
  tracking: ['runs'],
  registry: ['models', 'overview'],
  evaluation: ['models'],
  pipelines: ['pipelines', 'overview'],
  serving: ['endpoints', 'overview', 'models'],
  monitoring: ['monitors', 'overview'],
  governance: ['models', 'approvals', 'overview'],
};

const GATHER_MS = 500;

/**
 * Keeps pages current: the server tells what happened, and what it touches is read again, at most twice a second.
 * Signed-in browsers poll instead, since an event stream cannot carry their token.
 */
export function useLiveEvents(): void {
  const queries = useQueryClient();
  useEffect(() => {
    if (storedToken.get() !== undefined) {
      const timer = setInterval(() => void queries.invalidateQueries(), 10_000);
      return () => clearInterval(timer);
    }
    const stale = new Set<string>();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const refresh = (): void => {
      timer = undefined;
      for (const key of stale) void queries.invalidateQueries({ queryKey: [key] });
      stale.clear();
    };
    const source = new EventSource(`${pathPrefix}/api/v1/projects/${encodeURIComponent(storedProject.get())}/events`);
    for (const name of Object.keys(events) as EventName[]) {
      source.addEventListener(name, () => {
        for (const key of staleAfter[name.split('.')[0]!] ?? []) stale.add(key);
        timer ??= setTimeout(refresh, GATHER_MS);
      });
    }
    return () => {
      source.close();
      if (timer !== undefined) clearTimeout(timer);
    };
  }, [queries]);
}
