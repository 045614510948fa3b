import { deepEqual } from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { type Browser, chromium } from 'playwright-core';
import { createTestServer, type TestServer } from '../server/src/testing/test-server.ts';

const places = ['/', '/data', '/models', '/pipelines', '/settings'];

describe('the pages of an empty platform', () => {
  let server: TestServer;
  let browser: Browser;

  before(async () => {
    server = await createTestServer();
    browser = await chromium.launch({ executablePath: process.env['FLYBALL_CHROMIUM']!, args: ['--no-sandbox'] });
  });

  after(async () => {
    await browser?.close();
    await server?.close();
  });

  for (const scheme of ['light', 'dark'] as const) {
    it(`open without a complaint, ${scheme}`, async () => {
      const complaints: string[] = [];
      const page = await browser.newPage({ colorScheme: scheme });
      page.on('pageerror', (error) => complaints.push(error.message));
      for (const place of places) {
        await page.goto(`${server.url}/ui${place}`);
        await page.locator('main').first().waitFor();
      }
      deepEqual(complaints, []);
    });
  }
});
