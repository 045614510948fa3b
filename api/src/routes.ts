import { dataRoutes } from './data.ts';
import { evaluationRoutes } from './evaluation.ts';
import { featureRoutes } from './features.ts';
import { governanceRoutes } from './governance.ts';
import { registryImportRoutes, trackingImportRoutes } from './mlflow-import.ts';
import { monitoringRoutes } from './monitoring.ts';
import { pipelineRoutes } from './pipelines.ts';
import { platformRoutes } from './platform.ts';
import { registryRoutes } from './registry.ts';
import { servingRoutes } from './serving.ts';
import { tracingRoutes } from './tracing.ts';
import { trackingRoutes } from './tracking.ts';

/** Every route of the native API, by operation name. */
export const allRoutes = {
  ...platformRoutes,
  ...dataRoutes,
  ...featureRoutes,
  ...trackingRoutes,
  ...trackingImportRoutes,
  ...tracingRoutes,
  ...registryRoutes,
  ...registryImportRoutes,
  ...evaluationRoutes,
  ...pipelineRoutes,
  ...servingRoutes,
  ...monitoringRoutes,
  ...governanceRoutes,
} as const;
