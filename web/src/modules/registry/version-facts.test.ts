import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ModelVersion } from '@flyball/api';
import { factRows, type VersionFacts } from './version-facts.ts';

const facts = (version: number, digest: string, signature: Record<string, string>): VersionFacts => ({
  version: {
    model: 'delays',
    version,
    description: '',
    runId: null,
    runLink: null,
    loggedModelId: null,
    source: '',
    dataset: { name: 'flights', version, trainingSetId: null },
    flavor: 'onnx',
    inputs: [],
    files: [{ path: 'model.onnx', sizeBytes: 10, digest: digest.repeat(64) }] as ModelVersion['files'],
    digest: digest.repeat(64),
    scan: { verdict: 'safe', findings: [] },
    stage: 'None',
    aliases: [],
    tags: {},
    createdAt: '2026-01-01T00:00:00.000Z',
    updatedAt: '2026-01-01T00:00:00.000Z',
    createdBy: 'ada',
  },
  run: null,
  evaluation: null,
  gates: null,
  endpoints: [],
  signature,
});

describe('the comparison of two versions', () => {
  it('says line by line what differs, files by their digests', () => {
    const rows = factRows(
      facts(1, 'a', { 'input x': 'double' }),
      facts(2, 'b', { 'input x': 'double', 'input y': 'long' }),
    );
    const differing = rows.filter(({ differs }) => differs).map(({ name }) => name);
    assert.deepEqual(differing, ['trained on', 'input y', 'model.onnx']);
    assert.deepEqual(rows.find(({ name }) => name === 'input y')?.values, ['–', 'long']);
    assert.deepEqual(rows.find(({ name }) => name === 'model.onnx')?.values, [
      '10 B, aaaaaaaaaaaa',
      '10 B, bbbbbbbbbbbb',
    ]);
    const same = factRows(facts(1, 'a', {}), facts(1, 'a', {}));
    assert.ok(same.every(({ differs }) => !differs));
  });
});
