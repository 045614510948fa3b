import { Anchor } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';

// The router infers search parameters per route; pages here read theirs loosely, so any are allowed.
export const linkTo = (to: string, search: object = {}) => ({ to, search: search as never });

/** A link to another page of this application. */
export function Go({ to, search = {}, children }: { to: string; search?: object; children: ReactNode }) {
  return (
    <Anchor component={Link} {...linkTo(to, search)} size="sm">
      {children}
    </Anchor>
  );
}

export const placeOf = (...parts: readonly (string | number)[]): string =>
  `/${parts.map((part) => encodeURIComponent(part)).join('/')}`;

const pages: Readonly<Record<string, string>> = {
  dataset: 'datasets',
  run: 'runs',
  model: 'models',
  pipeline: 'pipelines',
  pipeline_run: 'pipeline-runs',
  endpoint: 'endpoints',
  monitor: 'monitors',
  validation: 'validations',
};

/** The page of a thing, or the lineage around it when it has none of its own. */
export function pageOfThing(kind: string, id: string): string | null {
  if (kind === 'model_version' || kind === 'dataset_version') {
    const [name, version] = id.split('@');
    if (name === undefined || version === undefined) return null;
    return kind === 'model_version' ? placeOf('models', name, version) : placeOf('datasets', name);
  }
  if (kind === 'approval') return '/approvals';
  if (kind === 'incident') return '/incidents';
  const page = pages[kind];
  return page === undefined ? null : placeOf(page, id);
}
