/** The only place of the CLI that reads the environment. */
export const environment = {
  url: process.env['FLYBALL_URL'],
  token: process.env['FLYBALL_TOKEN'],
  project: process.env['FLYBALL_PROJECT'],
  /** As MLflow's own clients are told who they are. */
  mlflowToken: process.env['MLFLOW_TRACKING_TOKEN'],
  mlflowUser: process.env['MLFLOW_TRACKING_USERNAME'],
  mlflowPassword: process.env['MLFLOW_TRACKING_PASSWORD'],
  port: process.env['FLYBALL_PORT'],
  noColor: process.env['NO_COLOR'] !== undefined,
} as const;
