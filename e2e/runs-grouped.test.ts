import { deepEqual, equal, match } from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { type Browser, chromium, type Page } from 'playwright-core';
import { createTestServer, type TestServer } from '../server/src/testing/test-server.ts';
import { type FilledRuns, fillRuns } from './fill-runs.ts';

const pictures = path.join(import.meta.dirname, '..', '.flyball', 'screenshots');

describe('groups, pins, colours and views of runs', () => {
  let server: TestServer;
  let browser: Browser;
  let filled: FilledRuns;
  const complaints: string[] = [];

  async function open(place: string, scheme: 'light' | 'dark' = 'light'): Promise<Page> {
    const page = await browser.newPage({ colorScheme: scheme, viewport: { width: 1360, height: 900 } });
    page.on('pageerror', (error) => complaints.push(`${place}: ${error.message}`));
    await page.goto(`${server.url}/ui${place}`);
    await page.locator('main h2').first().waitFor();
    return page;
  }

  async function picture(page: Page, name: string): Promise<void> {
    await page.locator('[aria-label="loading"]').first().waitFor({ state: 'detached' });
    await page.screenshot({ path: path.join(pictures, `${name}.png`), fullPage: true });
  }

  const rows = (page: Page) => page.locator('tbody tr:not([aria-hidden])');
  const names = async (page: Page) =>
    (await rows(page).locator('td:nth-child(2) a').allTextContents()).map((name) => name.trim());

  before(async () => {
    mkdirSync(pictures, { recursive: true });
    server = await createTestServer();
    filled = await fillRuns(server.url);
    browser = await chromium.launch({ executablePath: process.env['FLYBALL_CHROMIUM']!, args: ['--no-sandbox'] });
  });

  after(async () => {
    await browser?.close();
    await server?.close();
    deepEqual(complaints, []);
  });

  it('group runs by params with mean and deviation, and open a group as a filter', async () => {
    const page = await open(`/runs?experiment=${filled.experiment}`);
    const group = page.getByRole('combobox', { name: 'Group by' }).or(page.getByRole('textbox', { name: 'Group by' }));
    await group.first().click();
    await page.getByRole('option', { name: 'optimizer', exact: true }).click();
    await page.keyboard.press('Escape');
    await page.waitForURL(/group=/);
    await page.getByText('4 groups, 310 runs').waitFor();
    const adam = page.getByRole('row', { name: /^adam/ });
    match((await adam.textContent())!, /^adam102.*±/);
    await page.getByRole('button', { name: /Runs/ }).last().click();
    await page.waitForURL(/groupSort=runs/);
    await picture(page, 'runs-grouped');
    await adam.focus();
    await page.keyboard.press('Enter');
    await page.waitForURL(/filter=/);
    await page.getByText('1 … 50', { exact: true }).waitFor();
    equal(await page.getByRole('textbox', { name: 'Filter' }).inputValue(), "params.optimizer = 'adam'");
    await page.close();
  });

  it('keep pinned runs on top, and colours that somebody chose', async () => {
    const page = await open(`/runs?experiment=${filled.experiment}&flat=true&size=25`);
    await page.locator('tr', { hasText: 'rich-2' }).first().focus();
    await page.keyboard.press('p');
    await page.waitForURL(/pinned=/);
    await page.getByRole('button', { name: 'Next' }).click();
    await page.getByText('26 … 50', { exact: true }).waitFor();
    equal((await names(page))[0], 'rich-2');
    await page.getByRole('button', { name: 'Colour of rich-2' }).click();
    await page.getByRole('textbox', { name: 'Colour in hex' }).fill('#00aa11');
    await picture(page, 'runs-colour');
    await page.keyboard.press('Enter');
    await page.getByText('Colour changed').waitFor();
    const dot = page.getByRole('button', { name: 'Colour of rich-2' }).locator('span');
    await page.waitForFunction(
      (element) => getComputedStyle(element as Element).backgroundColor === 'rgb(0, 170, 17)',
      await dot.elementHandle(),
    );
    await page.getByRole('button', { name: 'Pin rich-2' }).click();
    await page.waitForURL((url) => !url.search.includes('pinned'));
    await page.close();
  });

  it('are kept as views that the address names', async () => {
    const page = await open(`/runs?experiment=${filled.experiment}&filter=params.depth = '3'&size=25`);
    await rows(page).first().waitFor();
    await page.getByRole('button', { name: 'Views' }).click();
    await page.getByRole('menuitem', { name: 'Save this view…' }).click();
    await page.getByRole('textbox', { name: 'Name' }).fill('Depth three');
    await page.keyboard.press('Enter');
    await page.waitForURL(/view=/);
    await page.getByRole('button', { name: 'Depth three' }).waitFor();
    await page.goto(`${server.url}/ui/runs?view=Depth three`);
    await page.getByText('1 … 25', { exact: true }).waitFor();
    equal(await page.getByRole('textbox', { name: 'Filter' }).inputValue(), "params.depth = '3'");
    await page.getByRole('button', { name: /^metric\s*loss/ }).click();
    await page.getByRole('button', { name: 'Depth three (changed)' }).click();
    await picture(page, 'runs-views');
    await page.getByRole('menuitem', { name: 'Save the changes' }).click();
    await page.getByRole('button', { name: 'Depth three', exact: true }).waitFor();
    deepEqual((await server.client().listRunViews({})).items[0]?.address['sort'], ['metrics.loss ASC']);
    await page.close();
  });
});
