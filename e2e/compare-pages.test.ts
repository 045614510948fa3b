import { deepEqual, equal, match, ok } from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import { mlflow } from './fill-runs.ts';
import { openRunsBrowser, type RunsBrowser } from './runs-browser.ts';

describe('the comparison of runs', () => {
  let on: RunsBrowser;

  before(async () => {
    on = await openRunsBrowser();
  });

  after(() => on.close());

  const plain = async (count: number) => {
    const { runs } = await mlflow(on.server.url, 'runs/search', {
      experiment_ids: [on.filled.experiment],
      filter: "run_name LIKE 'plain-1%'",
      max_results: count,
    });
    return JSON.stringify(runs.map(({ info }) => info.run_id));
  };

  it('hands out every chart as PNG and SVG, and its numbers', async () => {
    for (const [tab, title] of [
      ['curves', 'loss'],
      ['scatter', 'loss over depth'],
      ['parallel', 'Parallel coordinates'],
      ['contour', 'loss over depth and lr'],
      ['importance', 'What changes loss'],
    ] as const) {
      const page = await on.open(`/runs/compare?runs=${await plain(30)}&tab=${tab}`);
      await page.getByRole('img', { name: title, exact: true }).waitFor();
      const frame = page
        .locator('div:has(> [role="img"])')
        .filter({ has: page.getByRole('img', { name: title, exact: true }) });
      const take = async (what: 'PNG' | 'SVG' | 'CSV'): Promise<Buffer> => {
        const file = page.waitForEvent('download');
        if (what === 'CSV') await frame.getByRole('button', { name: 'Download CSV' }).click();
        else {
          await frame.getByRole('button', { name: 'Download picture' }).click();
          await page.getByRole('menuitem', { name: what }).click();
        }
        return readFileSync(await (await file).path());
      };
      deepEqual([...(await take('PNG')).subarray(1, 4)], [...Buffer.from('PNG')]);
      match((await take('SVG')).toString(), /^<svg [^>]*xmlns/);
      ok((await take('CSV')).toString().split('\n').length > 3);
      await frame.getByRole('button', { name: 'Show the numbers' }).click();
      await page.getByRole('tabpanel').getByRole('columnheader').first().waitFor();
      await page.close();
    }
  });

  it('draws bands over runs that share a param', async () => {
    const page = await on.open(`/runs/compare?runs=${JSON.stringify(on.filled.rich)}&tab=curves`);
    await page
      .getByRole('combobox', { name: 'Bands over runs that share' })
      .or(page.getByRole('textbox', { name: 'Bands over runs that share' }))
      .first()
      .click();
    await page.getByRole('option', { name: 'seed', exact: true }).click();
    await page.waitForURL(/band=/);
    await on.picture(page, 'compare-bands');
    await page.getByRole('button', { name: 'Show the numbers' }).first().click();
    await page.getByRole('columnheader', { name: 'Mean − sd' }).waitFor();
    await page.getByRole('cell', { name: 'seed=7 (3 runs)' }).first().waitFor();
    await page.close();
  });

  it('sets images of one step and tables side by side', async () => {
    const pixel = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';
    const client = on.server.client();
    for (const run of on.filled.rich.slice(0, 2)) {
      for (const step of [1, 10]) {
        const name = `images/digits%step%${step}%timestamp%1790000000000%g000-${step}.png`;
        await client.putArtifact({ params: { run, path: name }, upload: Buffer.from(pixel, 'base64') });
      }
      const slash = 'images/val~digits+step+5+timestamp+1790000000000+g000.png';
      await client.putArtifact({ params: { run, path: slash }, upload: Buffer.from(pixel, 'base64') });
      const table = { columns: ['truth', 'said'], data: [[7, run.slice(0, 4)]] };
      await client.putArtifact({ params: { run, path: 'answers.json' }, upload: JSON.stringify(table) });
      const value = '[{"path": "answers.json", "type": "table"}]';
      await mlflow(on.server.url, 'runs/set-tag', { run_id: run, key: 'mlflow.loggedArtifacts', value });
    }
    const page = await on.open(`/runs/compare?runs=${JSON.stringify(on.filled.rich)}&tab=media&media=digits`);
    await page.getByText('step 10', { exact: true }).first().waitFor();
    await page
      .getByRole('img', { name: /^images\/digits/ })
      .nth(1)
      .waitFor();
    await page.getByText('Not logged').waitFor();
    await page.getByRole('slider', { name: 'Step' }).press('ArrowLeft');
    await page.getByText('step 1', { exact: true }).first().waitFor();
    await on.picture(page, 'compare-media');
    await page
      .getByRole('combobox', { name: 'Images or table' })
      .or(page.getByRole('textbox', { name: 'Images or table' }))
      .first()
      .click();
    await page.getByRole('option', { name: 'val/digits' }).click();
    await page.waitForURL(/media=val/);
    await page
      .getByRole('img', { name: /^images\/val~digits/ })
      .first()
      .waitFor();
    await page.getByText('step 5', { exact: true }).first().waitFor();
    await on.picture(page, 'compare-media-slash');
    await page.goto(
      `${on.server.url}/ui/runs/compare?runs=${JSON.stringify(on.filled.rich)}&tab=media&media=answers.json`,
    );
    await page.getByRole('cell', { name: on.filled.rich[0]!.slice(0, 4) }).waitFor();
    await page.close();
  });

  it('sets two versions of a model side by side', async () => {
    const client = on.server.client();
    await mlflow(on.server.url, 'registered-models/create', { name: 'digits' });
    for (const [i, run] of on.filled.rich.slice(0, 2).entries()) {
      const type = i === 0 ? 'double' : 'float';
      const model = `flavors:\n  sklearn: {}\nsignature:\n  inputs: '[{"type": "${type}", "name": "width"}]'\n`;
      await client.putArtifact({ params: { run, path: 'model/MLmodel' }, upload: model });
      await client.putArtifact({ params: { run, path: 'model/same.txt' }, upload: 'same' });
      await mlflow(on.server.url, 'model-versions/create', {
        name: 'digits',
        source: `runs:/${run}/model`,
        run_id: run,
      });
    }
    const page = await on.open('/models/digits');
    await page.getByRole('link', { name: 'Compare versions' }).click();
    const line = (name: string) => page.getByRole('row', { name: new RegExp(`^(differs|same) ${name}`) });
    match((await line('input width').textContent())!, /^≠.*double.*float/);
    match((await line('MLmodel').textContent())!, /^≠/);
    match((await line('same.txt').textContent())!, /^=/);
    match((await line('lr').textContent())!, /^≠/);
    await page.getByRole('switch', { name: 'Only differences' }).click();
    await line('same.txt').waitFor({ state: 'detached' });
    await page.getByRole('button', { name: 'Exchange the two' }).click();
    await page.waitForURL(/a=2&b=1|b=1.*a=2/);
    await line('input width').getByText('float').waitFor();
    await on.picture(page, 'compare-versions');
    await page.goto(`${on.server.url}/ui/models/digits/1?tab=inputs`);
    await page.getByRole('cell', { name: 'width' }).waitFor();
    await page.getByRole('tab', { name: 'Deployed' }).click();
    await page.getByText('It is deployed nowhere').waitFor();
    await page.close();
  });

  for (const scheme of ['light', 'dark'] as const) {
    it(`looks as it should, ${scheme}`, async () => {
      const page = await on.open(`/runs/compare?runs=${await plain(60)}&tab=contour&logY=true`, scheme);
      await on.picture(page, `compare-contour-${scheme}`);
      await page.goto(`${on.server.url}/ui/runs/compare?runs=${await plain(60)}&tab=importance`);
      await page.getByText('From 60 runs').waitFor();
      await on.picture(page, `compare-importance-${scheme}`);
      equal(await page.locator('[role="alert"]').count(), 0);
      await page.close();
    });
  }
});
