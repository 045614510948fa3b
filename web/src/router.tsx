import { createRootRoute, createRoute, createRouter } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { AppFrame } from './app-frame.tsx';
import { DatasetPage } from './modules/data/dataset-page.tsx';
import { DatasetsPage } from './modules/data/datasets-page.tsx';
import { LineagePage } from './modules/data/lineage-page.tsx';
import { ValidationPage } from './modules/data/validation-page.tsx';
import { FeaturesPage } from './modules/features/features-page.tsx';
import { ApprovalsPage } from './modules/governance/approvals-page.tsx';
import { IncidentsPage } from './modules/monitoring/incidents-page.tsx';
import { MonitorPage } from './modules/monitoring/monitor-page.tsx';
import { MonitorsPage } from './modules/monitoring/monitors-page.tsx';
import { OverviewPage } from './modules/overview/overview-page.tsx';
import { PipelinePage } from './modules/pipelines/pipeline-page.tsx';
import { PipelineRunPage } from './modules/pipelines/pipeline-run-page.tsx';
import { PipelinesPage } from './modules/pipelines/pipelines-page.tsx';
import { AuditPage } from './modules/platform/audit-page.tsx';
import { SettingsPage } from './modules/platform/settings-page.tsx';
import { ModelPage } from './modules/registry/model-page.tsx';
import { ModelVersionPage } from './modules/registry/model-version-page.tsx';
import { ModelsPage } from './modules/registry/models-page.tsx';
import { EndpointPage } from './modules/serving/endpoint-page.tsx';
import { EndpointsPage } from './modules/serving/endpoints-page.tsx';
import { RunPage } from './modules/tracking/run-page.tsx';
import { RunsPage } from './modules/tracking/runs-page.tsx';
import { Nothing } from './parts/query-state.tsx';

const root = createRootRoute({
  component: AppFrame,
  notFoundComponent: () => <Nothing title="There is no such page">Choose one on the left.</Nothing>,
});

const page = (path: string, component: () => ReactNode) => createRoute({ getParentRoute: () => root, path, component });

const routes = [
  page('/', OverviewPage),
  page('/datasets', DatasetsPage),
  page('/datasets/$dataset', DatasetPage),
  page('/validations/$validation', ValidationPage),
  page('/features', FeaturesPage),
  page('/runs', RunsPage),
  page('/runs/$run', RunPage),
  page('/models', ModelsPage),
  page('/models/$model', ModelPage),
  page('/models/$model/$version', ModelVersionPage),
  page('/pipelines', PipelinesPage),
  page('/pipelines/$pipeline', PipelinePage),
  page('/pipeline-runs/$run', PipelineRunPage),
  page('/endpoints', EndpointsPage),
  page('/endpoints/$endpoint', EndpointPage),
  page('/monitors', MonitorsPage),
  page('/monitors/$monitor', MonitorPage),
  page('/incidents', IncidentsPage),
  page('/approvals', ApprovalsPage),
  page('/lineage', LineagePage),
  page('/audit', AuditPage),
  page('/settings', SettingsPage),
];

export const router = createRouter({
  routeTree: root.addChildren(routes),
  basepath: '/ui',
  defaultPreload: 'intent',
  scrollRestoration: true,
});
