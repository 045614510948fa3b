/** The only place of the CLI that reads the environment. */
export const environment = {
  url: process.env['FLYBALL_URL'],
  token: process.env['FLYBALL_TOKEN'],
  project: process.env['FLYBALL_PROJECT'],
  port: process.env['FLYBALL_PORT'],
  noColor: process.env['NO_COLOR'] !== undefined,
} as const;
