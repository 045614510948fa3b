import { deepEqual, equal, match } from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Page } from 'playwright-core';
import { openRunsBrowser, type RunsBrowser } from './runs-browser.ts';

describe('groups, pins, colours and views of runs', () => {
  let on: RunsBrowser;

  const rows = (page: Page) => page.locator('tbody tr:not([aria-hidden])');
  const names = async (page: Page) =>
    (await rows(page).locator('td:nth-child(2) a').allTextContents()).map((name) => name.trim());

  before(async () => {
    on = await openRunsBrowser();
  });

  after(() => on.close());

  it('group runs by params with mean and deviation, and open a group as a filter', async () => {
    const page = await on.open(`/runs?experiment=${on.filled.experiment}`);
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
    await on.picture(page, 'runs-grouped');
    await adam.focus();
    await page.keyboard.press('Enter');
    await page.waitForURL(/filter=/);
    await page.getByText('1 … 50', { exact: true }).waitFor();
    equal(await page.getByRole('textbox', { name: 'Filter' }).inputValue(), "params.optimizer = 'adam'");
    await page.close();
  });

  it('compare the runs of a group, the newest where there are more than a comparison shows', async () => {
    const page = await on.open(`/runs?experiment=${on.filled.experiment}&group=["params.optimizer"]`);
    await page.getByRole('button', { name: 'Compare the runs of adam' }).focus();
    await page.keyboard.press('Enter');
    await page.waitForURL(/runs\/compare/);
    await page.getByText('The newest 100 of 102 runs are compared').waitFor();
    const compared = page.getByRole('button', { name: /^Leave out/ });
    await compared.first().waitFor();
    equal(await compared.count(), 100);
    await page.goBack();
    await page.getByRole('button', { name: 'Compare the runs of not logged' }).click();
    await page.waitForURL(/runs\/compare/);
    await page
      .getByRole('button', { name: /^Leave out/ })
      .first()
      .waitFor();
    await page.close();
    const dark = await on.open(`/runs?experiment=${on.filled.experiment}&group=["params.optimizer"]`, 'dark');
    await dark.getByText('4 groups, 310 runs').waitFor();
    await on.picture(dark, 'runs-grouped-dark');
    await dark.close();
  });

  it('keep pinned runs on top, and colours that somebody chose', async () => {
    const page = await on.open(`/runs?experiment=${on.filled.experiment}&flat=true&size=25`);
    await page.locator('tr', { hasText: 'rich-2' }).first().focus();
    await page.keyboard.press('p');
    await page.waitForURL(/pinned=/);
    await page.getByRole('button', { name: 'Next' }).click();
    await page.getByText('26 … 50', { exact: true }).waitFor();
    equal((await names(page))[0], 'rich-2');
    await page.getByRole('button', { name: 'Colour of rich-2' }).click();
    await page.getByRole('textbox', { name: 'Colour in hex' }).fill('#00aa11');
    await on.picture(page, 'runs-colour');
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
    const page = await on.open(`/runs?experiment=${on.filled.experiment}&filter=params.depth = '3'&size=25`);
    await rows(page).first().waitFor();
    await page.getByRole('button', { name: 'Views' }).click();
    await page.getByRole('menuitem', { name: 'Save this view…' }).click();
    await page.getByRole('textbox', { name: 'Name' }).fill('Depth three');
    await page.keyboard.press('Enter');
    await page.waitForURL(/view=/);
    await page.getByRole('button', { name: 'Depth three' }).waitFor();
    await page.goto(`${on.server.url}/ui/runs?view=Depth three`);
    await page.getByText('1 … 25', { exact: true }).waitFor();
    equal(await page.getByRole('textbox', { name: 'Filter' }).inputValue(), "params.depth = '3'");
    await page.getByRole('button', { name: /^metric\s*loss/ }).click();
    await page.getByRole('button', { name: 'Depth three (changed)' }).click();
    await on.picture(page, 'runs-views');
    await page.getByRole('menuitem', { name: 'Save the changes' }).click();
    await page.getByRole('button', { name: 'Depth three', exact: true }).waitFor();
    deepEqual((await on.server.client().listRunViews({})).items[0]?.address['sort'], ['metrics.loss ASC']);
    await page.close();
  });
});
