import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { versionClaim } from './dataset-link.ts';

describe('what a logged dataset says that it is', () => {
  const own = ['https://ml.example/base', 'http://127.0.0.1:5050'];
  const claim = (given: { source?: string; digest?: string; tags?: Record<string, string> }) =>
    versionClaim(
      { name: 'd', digest: '1', sourceType: 'http', source: '', schema: null, profile: null, tags: {}, ...given },
      'default',
      own,
    );
  const flights = { dataset: 'flights', version: 3 };
  const path = '/api/v1/projects/default/datasets/flights/versions/3';

  it('is a version by its tag, an address of this server or its digest', () => {
    assert.deepEqual(claim({ tags: { 'flyball.dataset_version': 'flights@3' } }), flights);
    assert.deepEqual(
      claim({ source: JSON.stringify({ url: `https://ml.example/base${path}/rows?limit=5` }) }),
      flights,
    );
    assert.deepEqual(claim({ source: JSON.stringify({ uri: `http://127.0.0.1:5050${path}` }) }), flights);
    assert.deepEqual(claim({ source: `http://127.0.0.1:5050${path.replace('flights', 'a%20b')}` }), {
      dataset: 'a b',
      version: 3,
    });
    const digest = '0123456789abcdef0123456789abcdef0123';
    assert.deepEqual(claim({ digest }), { digest });
  });

  it('is nothing exact otherwise', () => {
    for (const source of [
      `https://elsewhere.example${path}`,
      `https://ml.example${path}`,
      `http://127.0.0.1:50501${path}`,
      `http://127.0.0.1:5050${path.replace('default', 'other')}`,
      `http://127.0.0.1:5050${path}/../4`,
      `http://127.0.0.1:5050${path.replace('/3', '/latest')}`,
      `http://127.0.0.1:5050${path.replace('flights', '%zz')}`,
      '{"url": 5}',
      '{',
      '[]',
      'null',
    ]) {
      assert.equal(claim({ source }), null, source);
    }
    for (const said of ['flights', 'flights@0', 'flights@x', '@3', 'flights@-1']) {
      assert.equal(claim({ tags: { 'flyball.dataset_version': said } }), null, said);
    }
    for (const digest of ['0123abcd', '0123456789ABCDEF0123456789abcdef0123']) assert.equal(claim({ digest }), null);
  });
});
