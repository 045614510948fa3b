import { deepEqual } from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { type Browser, chromium, type Page } from 'playwright-core';
import { createTestServer, type TestServer } from '../server/src/testing/test-server.ts';
import { type FilledRuns, fillRuns } from './fill-runs.ts';

const pictures = path.join(import.meta.dirname, '..', '.flyball', 'screenshots');

/** A browser on a server that holds some hundred runs. */
export interface RunsBrowser {
  readonly server: TestServer;
  readonly browser: Browser;
  readonly filled: FilledRuns;
  /** A page below `/ui`, once its heading is there. */
  open(place: string, scheme?: 'light' | 'dark'): Promise<Page>;
  picture(page: Page, name: string): Promise<void>;
  /** Also fails when a page had complained of anything. */
  close(): Promise<void>;
}

export async function openRunsBrowser(): Promise<RunsBrowser> {
  mkdirSync(pictures, { recursive: true });
  const server = await createTestServer();
  const filled = await fillRuns(server.url);
  const browser = await chromium.launch({
    executablePath: process.env['FLYBALL_CHROMIUM']!,
    args: ['--no-sandbox'],
  });
  const complaints: string[] = [];
  return {
    server,
    browser,
    filled,
    async open(place, scheme = 'light') {
      const page = await browser.newPage({ colorScheme: scheme, viewport: { width: 1360, height: 900 } });
      page.on('pageerror', (error) => complaints.push(`${place}: ${error.message}`));
      await page.goto(`${server.url}/ui${place}`);
      await page.locator('main h2').first().waitFor();
      return page;
    },
    async picture(page, name) {
      await page.locator('[aria-label="loading"]').first().waitFor({ state: 'detached' });
      await page.screenshot({ path: path.join(pictures, `${name}.png`), fullPage: true });
    },
    async close() {
      await browser.close();
      await server.close();
      deepEqual(complaints, []);
    },
  };
}
