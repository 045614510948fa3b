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

export interface Place {
  readonly to: string;
  readonly search: object;
}

const at = (to: string, search: object = {}): Place => ({ to, search });

/** Kinds without a page of their own are shown among what they came from. */
const inLineage: ReadonlySet<string> = new Set([
  'evaluation',
  'external_dataset',
  'gate_report',
  'rollout',
  'training_set',
]);

/** Where a thing is shown, if anywhere. */
export function placeOfThing(kind: string, id: string): Place | null {
  const [name = '', version] = id.split('@');
  if (kind === 'model_version' && version !== undefined) return at(placeOf('models', name, version));
  if (kind === 'dataset_version' && version !== undefined)
    return at(placeOf('datasets', name), { version: Number(version) });
  if (kind === 'approval') return at('/approvals');
  if (kind === 'incident') return at('/incidents', { incident: id });
  if (kind === 'feature_view' || kind === 'entity') return at('/features');
  if (inLineage.has(kind)) return at('/lineage', { kind, id });
  const page = pages[kind];
  return page === undefined ? null : at(placeOf(page, id));
}
