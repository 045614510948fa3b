import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import { accessCases, contentCases, loadCases } from '#testing/security-access-cases';
import { pathCases } from '#testing/security-path-cases';
import { openSecurityStage, type SecurityStage } from '#testing/security-stage';
import { webhookCases } from '#testing/security-webhook-cases';
import { sharedFile } from '#testing/shared-vectors';

const table = sharedFile('reference/mlflow_security_cases.tsv');
const cases = { ...pathCases, ...accessCases, ...loadCases, ...contentCases, ...webhookCases };

describe('the table of known attacks', () => {
  let stage: SecurityStage;

  before(async () => {
    stage = await openSecurityStage();
  });

  after(() => stage.close());

  it('is played row by row', { skip: table === null && 'the table of attacks is absent' }, () => {
    assert.ok(table !== null);
    const [, ...lines] = readFileSync(table, 'utf8').trim().split('\n');
    assert.deepEqual(Object.keys(cases).sort(), lines.map((line) => line.split('\t')[0] ?? '').sort());
  });

  for (const [id, play] of Object.entries(cases)) it(`answers ${id} as it should`, async () => await play(stage));
});
