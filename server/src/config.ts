import path from 'node:path';
import { parseArgs } from 'node:util';
import { type BadPlace, invalidInput } from '@flyball/api';
import * as z from 'zod';

const port = z.coerce.number().int().min(0).max(65_535);
const flag = z.union([z.boolean(), z.stringbool()]);
const list = z.union([
  z.array(z.string()),
  z.string().transform((text) =>
    text
      .split(',')
      .map((item) => item.trim())
      .filter((item) => item !== ''),
  ),
]);
const postgresUrl = z
  .string()
  .regex(/^postgres(ql)?:\/\//, 'Expected an address like postgres://user:password@host:5432/database');

/** Every setting: how it is checked, and its default. */
const Settings = z.strictObject({
  host: z.string().min(1).default('127.0.0.1'),
  port: port.default(5050),
  gatewayPort: port.default(5052),
  dataDir: z.string().min(1).default('./.flyball'),
  databaseUrl: postgresUrl.optional(),
  databaseOwnerUrl: postgresUrl.optional(),
  objects: z.string().startsWith('file:', 'Expected file:<folder>; other object stores are not built yet').optional(),
  role: z.enum(['all', 'api', 'worker', 'gateway']).default('all'),
  logLevel: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']).default('info'),
  auth: z.enum(['open', 'token']).default('open'),
  adminToken: z.string().min(16, 'Expected at least 16 characters').optional(),
  allowedHosts: list.default([]),
  defaultArtifactRoot: z.string().min(1).optional(),
  artifactsDestination: z.string().min(1).optional(),
  analyticsMemoryMb: z.coerce.number().int().min(64).default(512),
  spoolSync: z.enum(['interval', 'always']).default('interval'),
  allowPrivateWebhooks: flag.default(false),
  stepPath: z.string().default('/usr/local/bin:/usr/bin:/bin'),
});

type Settings = z.infer<typeof Settings>;
export type Config = Readonly<Omit<Settings, 'objects'> & { objects: string }>;
export type ConfigOverrides = Partial<z.input<typeof Settings>>;
export type Role = Exclude<Config['role'], 'all'>;

/**
 * Where a setting comes from; flags win over the environment. Secrets have no flag: others could read it in a process
 * list.
 */
export const sources: Readonly<Record<keyof Settings, { environment: string; flag?: string; about: string }>> = {
  host: {
    environment: 'FLYBALL_HOST',
    flag: 'host',
    about: 'Address to listen on. Other than loopback only with `FLYBALL_AUTH=token` and an admin token.',
  },
  port: { environment: 'FLYBALL_PORT', flag: 'port', about: 'Port of the API and the UI; 0 takes any free one.' },
  gatewayPort: {
    environment: 'FLYBALL_GATEWAY_PORT',
    flag: 'gateway-port',
    about: 'Port on which endpoints answer predictions.',
  },
  dataDir: {
    environment: 'FLYBALL_DATA_DIR',
    flag: 'data-dir',
    about: 'Folder of everything kept on this machine: the embedded PostgreSQL, objects, spools.',
  },
  databaseUrl: {
    environment: 'DATABASE_URL',
    about:
      'PostgreSQL 15 or newer to use instead of the embedded one. Needs a direct connection, not a transaction pooler.',
  },
  databaseOwnerUrl: {
    environment: 'FLYBALL_DATABASE_OWNER_URL',
    about: 'The same database as its owner, for migrations, when `DATABASE_URL` is an account without DDL rights.',
  },
  objects: {
    environment: 'FLYBALL_OBJECTS',
    flag: 'objects',
    about: 'Where artifacts and dataset files live, `file:<folder>`.',
  },
  role: { environment: 'FLYBALL_ROLE', flag: 'role', about: 'Which programs to run: all of them, or one.' },
  logLevel: { environment: 'FLYBALL_LOG_LEVEL', flag: 'log-level', about: 'Least severity of what is logged.' },
  auth: {
    environment: 'FLYBALL_AUTH',
    flag: 'auth',
    about: '`open` needs no login and works on loopback only; `token` asks every caller for an API token.',
  },
  adminToken: {
    environment: 'FLYBALL_ADMIN_TOKEN',
    about: 'Secret of the first administrator, at least 16 characters.',
  },
  allowedHosts: {
    environment: 'FLYBALL_ALLOWED_HOSTS',
    flag: 'allowed-hosts',
    about: 'Further names under which browsers may reach the server, separated by commas.',
  },
  defaultArtifactRoot: {
    environment: 'FLYBALL_DEFAULT_ARTIFACT_ROOT',
    flag: 'default-artifact-root',
    about: 'Artifact location that MLflow clients are given for new experiments.',
  },
  artifactsDestination: {
    environment: 'FLYBALL_ARTIFACTS_DESTINATION',
    flag: 'artifacts-destination',
    about: 'Where artifacts proxied for MLflow clients are stored.',
  },
  analyticsMemoryMb: {
    environment: 'FLYBALL_ANALYTICS_MEMORY_MB',
    flag: 'analytics-memory-mb',
    about: 'Memory limit of the analytics engine, in MB per program.',
  },
  spoolSync: {
    environment: 'FLYBALL_SPOOL_SYNC',
    flag: 'spool-sync',
    about: 'When the prediction spool reaches the disk: at intervals, or always before an answer.',
  },
  allowPrivateWebhooks: {
    environment: 'FLYBALL_ALLOW_PRIVATE_WEBHOOKS',
    flag: 'allow-private-webhooks',
    about: 'Whether webhooks may call private addresses.',
  },
  stepPath: {
    environment: 'FLYBALL_STEP_PATH',
    about: 'Where commands of pipeline steps are looked for, as in `PATH`.',
  },
};

const keys = Object.keys(sources) as (keyof Settings)[];

/** Flags over environment over defaults, checked and frozen; every bad setting is named at once. */
export function loadConfig(overrides: ConfigOverrides = {}, environment: NodeJS.ProcessEnv = process.env): Config {
  const given: Record<string, unknown> = {};
  for (const key of keys) {
    const value = overrides[key] ?? environment[sources[key].environment];
    if (value !== undefined && value !== '') given[key] = value;
  }
  const result = Settings.safeParse(given);
  if (!result.success) {
    throw badSettings(
      result.error.issues.map(({ path: at, message }) => ({
        at: nameOf(String(at[0]) as keyof Settings, overrides),
        message,
      })),
    );
  }
  const settings = result.data;
  refuseOpenNetwork(settings, overrides);
  const dataDir = path.resolve(settings.dataDir);
  const objects = `file:${path.resolve(settings.objects?.replace(/^file:(\/\/)?/, '') ?? path.join(dataDir, 'objects'))}`;
  return Object.freeze({
    ...settings,
    dataDir,
    objects,
    allowedHosts: Object.freeze([...settings.allowedHosts]) as string[],
  });
}

/** The flags of a command line as overrides. */
export function parseFlags(args: readonly string[]): ConfigOverrides {
  const known = keys.flatMap((key) => (sources[key].flag === undefined ? [] : [[sources[key].flag, key] as const]));
  const options = Object.fromEntries(
    known.map(([name, key]) => [
      name,
      { type: key === 'allowPrivateWebhooks' ? ('boolean' as const) : ('string' as const) },
    ]),
  );
  try {
    const { values } = parseArgs({ args: [...args], options, strict: true, allowPositionals: false });
    return Object.fromEntries(
      known.flatMap(([name, key]) => (values[name] === undefined ? [] : [[key, values[name]]])),
    );
  } catch (cause) {
    throw invalidInput(cause instanceof Error ? cause.message : String(cause));
  }
}

/** The environment that gives a child process this configuration. */
export function environmentOf(config: Config, environment: NodeJS.ProcessEnv = process.env): NodeJS.ProcessEnv {
  const own = keys.map((key) => {
    const value = config[key];
    return [
      sources[key].environment,
      value === undefined ? undefined : Array.isArray(value) ? value.join(',') : String(value),
    ];
  });
  return { ...environment, ...Object.fromEntries(own) };
}

const isLoopback = (host: string): boolean =>
  host === 'localhost' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host);

function refuseOpenNetwork(settings: Settings, overrides: ConfigOverrides): void {
  if (isLoopback(settings.host) || (settings.auth === 'token' && settings.adminToken !== undefined)) return;
  const message = `${settings.host} can be reached from other machines: set FLYBALL_AUTH=token and FLYBALL_ADMIN_TOKEN first, or listen on 127.0.0.1`;
  throw badSettings([{ at: nameOf('host', overrides), message }]);
}

function nameOf(key: keyof Settings, overrides: ConfigOverrides): string {
  const { flag: name, environment } = sources[key];
  return overrides[key] !== undefined && name !== undefined ? `--${name}` : environment;
}

const badSettings = (places: BadPlace[]): Error =>
  invalidInput(places.map(({ at, message }) => `${at}: ${message}`).join('; '), places);
