import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { servingRoutes } from '@flyball/api';
import { architecturePicture } from './architecture-picture.ts';
import { httpReference } from './http-reference.ts';

const file = (path: string): string => `server/src/${path}.ts`;

describe('generated documents', () => {
  it('draw an arrow for each import between rooms, except those that follow from others', () => {
    const picture = architecturePicture([
      { from: file('modules/features/a'), to: file('modules/data/index') },
      { from: file('modules/tracking/a'), to: file('modules/features/index') },
      { from: file('modules/tracking/a'), to: file('modules/data/index') },
      { from: file('modules/tracking/a'), to: file('modules/tracking/b') },
      { from: file('modules/tracking/a'), to: file('platform/clock') },
      { from: file('platform/http/serve'), to: 'api/src/index.ts' },
      { from: file('platform/http/serve'), to: 'node_modules/fastify/fastify.js' },
      { from: file('protocols/mlflow/routes'), to: file('modules/tracking/index') },
      { from: file('app'), to: file('protocols/mlflow/routes') },
    ]);
    const arrows = picture.split('\n').flatMap((line) => (line.includes('-->') ? [line.trim()] : []));
    assert.deepEqual(arrows, [
      'features --> data',
      'tracking --> features',
      'modules --> platform',
      'platform --> api',
      'programs --> protocols',
      'protocols --> modules',
    ]);
  });

  it('list every route with who may call it, its inputs and its errors', () => {
    const reference = httpReference({ serving: servingRoutes });
    const headings = reference.split('\n').filter((line) => line.startsWith('### `'));
    assert.equal(headings.length, Object.keys(servingRoutes).length);
    for (const [name, { access }] of Object.entries(servingRoutes)) {
      assert.ok(reference.includes(`\`${name}\`; role: ${access}; errors: 400 invalid_input`), name);
    }
    assert.match(reference, /\| `project` \| path \| string \| yes \|/);
  });
});
