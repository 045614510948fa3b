import { Button, Text } from '@mantine/core';
import {
  createRootRoute,
  createRoute,
  createRouter,
  type ErrorComponentProps,
  lazyRouteComponent,
} from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { AppFrame } from './app-frame.tsx';
import { Nothing } from './parts/query-state.tsx';
import { pathPrefix } from './path-prefix.ts';

const root = createRootRoute({
  component: AppFrame,
  notFoundComponent: () => <Nothing title="There is no such page">Choose one on the left.</Nothing>,
});

/** Pages are fetched when they are first opened. */
function page<N extends string>(path: string, load: () => Promise<Record<N, () => ReactNode>>, name: N) {
  return createRoute({ getParentRoute: () => root, path, component: lazyRouteComponent(load, name) });
}

/** Also seen when the server was renewed and the parts of the old pages are gone. */
function PageFailure({ error }: ErrorComponentProps) {
  const message = error instanceof Error ? error.message : String(error);
  return (
    <Nothing title="This page cannot be shown">
      <Text size="sm">{message}</Text>
      <Button mt="sm" size="xs" variant="default" onClick={() => location.reload()}>
        Load it again
      </Button>
    </Nothing>
  );
}

const routes = [
  page('/', () => import('./modules/overview/overview-page.tsx'), 'OverviewPage'),
  page('/datasets', () => import('./modules/data/datasets-page.tsx'), 'DatasetsPage'),
  page('/datasets/$dataset', () => import('./modules/data/dataset-page.tsx'), 'DatasetPage'),
  page('/validations/$validation', () => import('./modules/data/validation-page.tsx'), 'ValidationPage'),
  page('/features', () => import('./modules/features/features-page.tsx'), 'FeaturesPage'),
  page('/runs', () => import('./modules/tracking/runs-page.tsx'), 'RunsPage'),
  page('/runs/compare', () => import('./modules/tracking/compare-page.tsx'), 'ComparePage'),
  page('/runs/$run', () => import('./modules/tracking/run-page.tsx'), 'RunPage'),
  page('/traces', () => import('./modules/tracing/traces-page.tsx'), 'TracesPage'),
  page('/traces/$trace', () => import('./modules/tracing/trace-page.tsx'), 'TracePage'),
  page('/models', () => import('./modules/registry/models-page.tsx'), 'ModelsPage'),
  page('/models/$model', () => import('./modules/registry/model-page.tsx'), 'ModelPage'),
  page('/models/$model/compare', () => import('./modules/registry/model-compare-page.tsx'), 'ModelComparePage'),
  page('/models/$model/$version', () => import('./modules/registry/model-version-page.tsx'), 'ModelVersionPage'),
  page('/pipelines', () => import('./modules/pipelines/pipelines-page.tsx'), 'PipelinesPage'),
  page('/pipelines/$pipeline', () => import('./modules/pipelines/pipeline-page.tsx'), 'PipelinePage'),
  page('/pipeline-runs/$run', () => import('./modules/pipelines/pipeline-run-page.tsx'), 'PipelineRunPage'),
  page('/endpoints', () => import('./modules/serving/endpoints-page.tsx'), 'EndpointsPage'),
  page('/endpoints/$endpoint', () => import('./modules/serving/endpoint-page.tsx'), 'EndpointPage'),
  page('/monitors', () => import('./modules/monitoring/monitors-page.tsx'), 'MonitorsPage'),
  page('/monitors/$monitor', () => import('./modules/monitoring/monitor-page.tsx'), 'MonitorPage'),
  page('/incidents', () => import('./modules/monitoring/incidents-page.tsx'), 'IncidentsPage'),
  page('/approvals', () => import('./modules/governance/approvals-page.tsx'), 'ApprovalsPage'),
  page('/lineage', () => import('./modules/data/lineage-page.tsx'), 'LineagePage'),
  page('/audit', () => import('./modules/platform/audit-page.tsx'), 'AuditPage'),
  page('/settings', () => import('./modules/platform/settings-page.tsx'), 'SettingsPage'),
];

export const router = createRouter({
  routeTree: root.addChildren(routes),
  basepath: `${pathPrefix}/ui`,
  defaultPreload: 'intent',
  defaultErrorComponent: PageFailure,
  scrollRestoration: true,
});
