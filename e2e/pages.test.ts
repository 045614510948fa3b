import { deepEqual, equal } from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { type Browser, chromium } from 'playwright-core';
import { createTestServer, type TestServer } from '../server/src/testing/test-server.ts';

const places = [
  '/',
  '/datasets',
  '/features',
  '/runs',
  '/models',
  '/approvals',
  '/pipelines',
  '/endpoints',
  '/monitors',
  '/incidents',
  '/lineage',
  '/audit',
  '/settings',
];

/** Pages of things that are not there. */
const missing = [
  '/datasets/none?tab=contract',
  '/runs/none',
  '/models/none',
  '/models/none/1',
  '/pipelines/none',
  '/pipeline-runs/none',
  '/endpoints/none',
  '/monitors/none',
  '/validations/none',
];

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
        await page.locator('main h2').first().waitFor();
        equal(await page.locator('[role="alert"]').count(), 0, `${place} shows an error`);
      }
      deepEqual(complaints, []);
      await page.close();
    });
  }

  it('say what is not there, and what to do', async () => {
    const page = await browser.newPage();
    for (const place of missing) {
      await page.goto(`${server.url}/ui${place}`);
      await page.getByRole('alert').getByText('It may have been deleted or renamed.').first().waitFor();
    }
    await page.goto(`${server.url}/ui/nowhere`);
    await page.getByText('There is no such page').waitFor();
    await page.close();
  });

  it('say that the server does not answer, and go on when it does', async () => {
    const page = await browser.newPage();
    await page.goto(`${server.url}/ui/settings`);
    await page.getByText('PostgreSQL').waitFor();
    await page.route('**/api/**', (route) => route.abort());
    await page.getByRole('link', { name: 'Models' }).click();
    const alert = page.getByRole('alert');
    await alert.getByText('Is "flyball up" running?').waitFor();
    await page.unroute('**/api/**');
    await alert.getByRole('button', { name: 'Try again' }).click();
    await page.getByText('Nothing yet').waitFor();
    await page.close();
  });

  it('stand below a path of a reverse proxy, and open the addresses that mlflow prints', async () => {
    const below = await createTestServer({ staticPrefix: '/ml/flow' });
    const page = await browser.newPage();
    try {
      const created = await fetch(`${below.url}/ml/flow/api/2.0/mlflow/runs/create`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ experiment_id: '0', run_name: 'printed' }),
      });
      const { run } = (await created.json()) as { run: { info: { run_id: string } } };
      const runId = run.info.run_id;
      await page.goto(`${below.url}/ml/flow/#/experiments/0/runs/${runId}`);
      await page.getByRole('heading', { name: 'printed' }).waitFor();
      equal(new URL(page.url()).pathname, `/ml/flow/ui/runs/${runId}`);
      await page.getByRole('link', { name: 'Models' }).click();
      await page.getByText('Nothing yet').waitFor();
      equal(new URL(page.url()).pathname, '/ml/flow/ui/models');
    } finally {
      await page.close();
      await below.close();
    }
  });
});
