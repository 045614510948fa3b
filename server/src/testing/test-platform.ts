import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type ConfigOverrides, loadConfig } from '../config.ts';
import { openPlatform, type Platform } from '../platform/platform.ts';
import { createTestDatabase } from './test-database.ts';

export interface TestPlatform {
  readonly platform: Platform;
  close(): Promise<void>;
}

/** The platform without modules, on a database and a data folder of its own. */
export async function createTestPlatform(overrides: ConfigOverrides = {}): Promise<TestPlatform> {
  const database = await createTestDatabase();
  const dataDir = mkdtempSync(path.join(tmpdir(), 'flyball-platform-'));
  const config = loadConfig({ dataDir, databaseUrl: database.url, logLevel: 'error', ...overrides }, {});
  const platform = await openPlatform({ config, databaseUrl: database.url, program: 'test' });
  return {
    platform,
    close: async () => {
      await platform.close();
      await database.drop();
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}
