import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { type BadPlace, invalidInput } from '@flyball/api';
import * as z from 'zod';
import { parseS3Place } from './platform/objects/s3-place.ts';

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

/** A folder or a bucket. What is wrong with it is said without repeating it: people write secrets into addresses. */
const place = z.string().superRefine((text, context) => {
  if (!/^[a-z][a-z0-9+.-]+:/i.test(text) || /^file:/i.test(text)) return;
  const message = text.startsWith('s3:') ? problemOfS3(text) : 'Expected file:<folder> or s3://<bucket>/<prefix>';
  if (message !== null) context.addIssue({ code: 'custom', message });
});

function problemOfS3(text: string): string | null {
  try {
    parseS3Place(text);
    return null;
  } catch (error) {
    return error instanceof Error ? error.message : 'Not an address of a bucket';
  }
}

/** Every setting: how it is checked, and its default. */
const Settings = z.strictObject({
  host: z.string().min(1).default('127.0.0.1'),
  port: port.default(5050),
  gatewayPort: port.default(5052),
  dataDir: z.string().min(1).default('./.flyball'),
  databaseUrl: postgresUrl.optional(),
  databaseOwnerUrl: postgresUrl.optional(),
  objects: place.optional(),
  role: z.enum(['all', 'api', 'worker', 'gateway']).default('all'),
  logLevel: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']).default('info'),
  auth: z.enum(['open', 'token']).default('open'),
  adminToken: z.string().min(16, 'Expected at least 16 characters').optional(),
  secretKey: z.string().min(16, 'Expected at least 16 characters').optional(),
  allowedHosts: list.default([]),
  defaultArtifactRoot: z.string().min(1).optional(),
  artifactsDestination: place.optional(),
  serveArtifacts: flag.default(true),
  staticPrefix: z
    .string()
    .regex(/^(\/[A-Za-z0-9._~-]+)+\/?$/, 'Expected a path like /flyball')
    .transform((text) => text.replace(/\/$/, ''))
    .optional(),
  publicUrl: z
    .url({ protocol: /^https?$/, error: 'Expected an address like https://flyball.example' })
    .transform((text) => text.replace(/\/+$/, ''))
    .optional(),
  analyticsMemoryMb: z.coerce.number().int().min(64).default(512),
  objectGraceHours: z.coerce.number().int().min(2).max(8760).default(72),
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
    about:
      'Where artifacts and dataset files live: `file:<folder>`, or `s3://<bucket>/<prefix>` with `?endpoint=`, `&region=` and `&direct=` where needed.',
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
  secretKey: {
    environment: 'FLYBALL_SECRET_KEY',
    about:
      'Further key that seals secrets in the database, those of webhooks; the other one is in the database. 16 characters or more.',
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
    about: 'The same as `--objects`, as `mlflow server` calls it; a path without `file:` is a folder.',
  },
  serveArtifacts: {
    environment: 'FLYBALL_SERVE_ARTIFACTS',
    flag: 'serve-artifacts',
    about:
      'Whether MLflow clients send artifacts through this server; `--no-serve-artifacts` needs a root of their own.',
  },
  staticPrefix: {
    environment: 'FLYBALL_STATIC_PREFIX',
    flag: 'static-prefix',
    about: 'A path in front of all others, for a reverse proxy that passes it on.',
  },
  publicUrl: {
    environment: 'FLYBALL_PUBLIC_URL',
    flag: 'public-url',
    about:
      'Address under which clients reach the server, prefix included, for links it makes; by default what they use.',
  },
  analyticsMemoryMb: {
    environment: 'FLYBALL_ANALYTICS_MEMORY_MB',
    flag: 'analytics-memory-mb',
    about: 'Memory limit of the analytics engine, in MB per program.',
  },
  objectGraceHours: {
    environment: 'FLYBALL_OBJECT_GRACE_HOURS',
    flag: 'object-grace-hours',
    about: 'How long stored bytes that nothing refers to are kept, at least; longer than any upload or step takes.',
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

const switches = new Set<keyof Settings>(['allowPrivateWebhooks', 'serveArtifacts']);
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
  refuseContradictions(settings, overrides);
  const dataDir = path.resolve(settings.dataDir);
  const root = settings.defaultArtifactRoot;
  return Object.freeze({
    ...settings,
    dataDir,
    objects: placeOf(settings.objects ?? settings.artifactsDestination ?? path.join(dataDir, 'objects')),
    artifactsDestination: undefined,
    defaultArtifactRoot: root === undefined ? undefined : rootOf(root),
    allowedHosts: Object.freeze([...new Set([...settings.allowedHosts, ...hostsOf(settings.publicUrl)])]) as string[],
  });
}

/** The flags of a command line as overrides. */
export function parseFlags(args: readonly string[]): ConfigOverrides {
  const known = keys.flatMap((key) => (sources[key].flag === undefined ? [] : [[sources[key].flag, key] as const]));
  const options = Object.fromEntries(
    known.map(([name, key]) => [name, { type: switches.has(key) ? ('boolean' as const) : ('string' as const) }]),
  );
  try {
    const { values } = parseArgs({
      args: [...args],
      options,
      strict: true,
      allowPositionals: false,
      allowNegative: true,
    });
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

/** Whoever comes by the public address names its host. */
const hostsOf = (url: string | undefined): string[] => (url === undefined ? [] : [new URL(url).hostname]);

const placeOf = (text: string): string => (text.startsWith('s3:') ? text : `file:${folderOf(text)}`);

/** Of a path, or of a `file:` address, which writes some characters in another way. */
function folderOf(text: string): string {
  if (!/^file:/i.test(text)) return path.resolve(text);
  return /^file:\/\//i.test(text) ? path.resolve(fileURLToPath(text)) : path.resolve(text.slice('file:'.length));
}

/** Clients are given a folder as an address, which means the same wherever they stand. */
function rootOf(text: string): string {
  const isFolder = !/^[a-z][a-z0-9+.-]+:/i.test(text) || /^file:/i.test(text);
  return isFolder ? pathToFileURL(folderOf(text)).href : text;
}

function refuseContradictions(settings: Settings, overrides: ConfigOverrides): void {
  const { objects, artifactsDestination, serveArtifacts, defaultArtifactRoot } = settings;
  if (
    objects !== undefined &&
    artifactsDestination !== undefined &&
    placeOf(objects) !== placeOf(artifactsDestination)
  ) {
    const message = 'is another place than that of --objects; give one of them';
    throw badSettings([{ at: nameOf('artifactsDestination', overrides), message }]);
  }
  if (!serveArtifacts && (defaultArtifactRoot ?? 'mlflow-artifacts:').startsWith('mlflow-artifacts:')) {
    const message = 'artifacts need a place: give a folder or a bucket as --default-artifact-root';
    throw badSettings([{ at: nameOf('serveArtifacts', overrides), message }]);
  }
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
