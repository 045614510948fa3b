import path from 'node:path';
import type { Config } from '../config.ts';
import { type Access, createAccess } from './access/access.ts';
import { createProjects, type Projects } from './access/projects.ts';
import { createSealedSecrets, type SealedSecrets } from './access/sealed-secrets.ts';
import { createSignedLinks, type SignedLinks } from './access/signed-links.ts';
import type { Analytics } from './analytics/analytics.ts';
import { createAnalytics } from './analytics/duckdb-analytics.ts';
import { type AuditLog, createAuditLog } from './audit/audit-log.ts';
import { type Clock, systemClock } from './clock.ts';
import { createDatabase, type Database } from './database/database.ts';
import { createEventBus, type EventBus } from './events/event-bus.ts';
import { createJobQueue, type JobQueue } from './jobs/job-queue.ts';
import { claimDigest } from './objects/object-claim-store.ts';
import type { ObjectStore } from './objects/object-store.ts';
import { createObjectSweeps, type ObjectSweeps } from './objects/object-sweeps.ts';
import { openObjectStore } from './objects/open-object-store.ts';
import { createLog, type Logger } from './telemetry/log.ts';
import { createMetrics, type Metrics } from './telemetry/metrics.ts';

/** Machinery without domain meaning, handed to every module. */
export interface Platform {
  readonly config: Config;
  readonly clock: Clock;
  readonly log: Logger;
  readonly database: Database;
  readonly objects: ObjectStore;
  readonly objectSweeps: ObjectSweeps;
  readonly analytics: Analytics;
  readonly jobs: JobQueue;
  readonly events: EventBus;
  readonly audit: AuditLog;
  readonly access: Access;
  readonly projects: Projects;
  readonly links: SignedLinks;
  readonly secrets: SealedSecrets;
  readonly metrics: Metrics;
  close(): Promise<void>;
}

export interface PlatformOptions {
  readonly config: Config;
  /** Where the database is, as soon as it is known. */
  readonly databaseUrl: string | Promise<string>;
  /** Names the program in logs and in the database's list of connections. */
  readonly program: string;
  readonly poolSize?: number;
  readonly clock?: Clock;
}

/** Much shorter than the shortest grace period of a sweep. */
const FRESH_MS = 30 * 60_000;

/** The machinery, with a database that answers. */
export async function openPlatform(options: PlatformOptions): Promise<Platform> {
  const platform = await createPlatform(options);
  try {
    await platform.database.check();
    return platform;
  } catch (error) {
    await platform.close();
    throw error;
  }
}

/** The machinery, whose database may still be starting. */
export async function createPlatform(options: PlatformOptions): Promise<Platform> {
  const { config, program } = options;
  const log = createLog({ level: config.logLevel, program });
  const database = createDatabase({
    url: options.databaseUrl,
    applicationName: `flyball ${program}`,
    poolSize: options.poolSize ?? 10,
    statementTimeoutMs: 60_000,
  });
  const objects = await openObjectStore(config.objects, path.join(config.dataDir, 'cache', 'objects'), {
    claim: async (digest) => await claimDigest(database, digest),
    freshMs: FRESH_MS,
  });
  const analytics = createAnalytics({
    scratchDir: path.join(config.dataDir, 'scratch', program),
    memoryLimitMb: config.analyticsMemoryMb,
    threads: 2,
  });
  const audit = createAuditLog(database);
  const access = createAccess(database, audit, config);
  const jobs = createJobQueue(database, log);
  const events = createEventBus(database, log);
  const clock = options.clock ?? systemClock;
  return {
    config,
    clock,
    log,
    database,
    objects,
    objectSweeps: createObjectSweeps({ database, objects, jobs, audit, graceHours: config.objectGraceHours }),
    analytics,
    jobs,
    events,
    audit,
    access,
    projects: createProjects(database, audit, jobs),
    links: createSignedLinks(database, clock),
    secrets: createSealedSecrets(database, config.secretKey),
    metrics: createMetrics(program),
    close: async () => {
      await jobs.stop();
      await events.stop();
      await access.stop();
      await analytics.close();
      await database.close();
    },
  };
}
