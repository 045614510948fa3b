import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Validator } from '@seriousme/openapi-schema-validator';
import { openApiDocument } from './openapi.ts';
import { apiPrefix } from './route.ts';
import { allRoutes } from './routes.ts';

type Operations = Record<string, Record<string, { operationId: string; security: unknown[] }>>;

describe('openApiDocument', () => {
  const document = openApiDocument(allRoutes, '1.2.3');

  it('is valid OpenAPI 3.1 by a public validator', async () => {
    const validator = new Validator();
    const result = await validator.validate(structuredClone(document));
    assert.deepEqual({ valid: result.valid, errors: result.errors }, { valid: true, errors: undefined });
    assert.equal(validator.version, '3.1');
  });

  it('is refused by that validator when it is damaged', async () => {
    const result = await new Validator().validate({ ...structuredClone(document), paths: { '/x': { get: 1 } } });
    assert.equal(result.valid, false);
  });

  it('has every route once, under the name of its operation', () => {
    const operations = Object.values(document['paths'] as Operations).flatMap((methods) => Object.values(methods));
    assert.deepEqual(operations.map(({ operationId }) => operationId).sort(), Object.keys(allRoutes).sort());
  });

  it('asks for a token wherever a route is not public', () => {
    const paths = document['paths'] as Operations;
    for (const route of Object.values(allRoutes)) {
      const path = apiPrefix + route.path.replace(/:(\w+)/g, '{$1}');
      const operation = paths[path]?.[route.method.toLowerCase()];
      assert.equal(operation?.security.length, route.access === 'public' ? 0 : 1, `${route.method} ${path}`);
    }
  });

  it('tells every error that a route may answer with', () => {
    const { paths } = openApiDocument(allRoutes, '1') as {
      paths: Record<string, Record<string, { responses: object }>>;
    };
    const { responses } = paths['/api/v1/projects/{project}/audit']!['get']!;
    assert.deepEqual(Object.keys(responses).sort(), ['200', '400', '401', '403', '404', '500']);
    const created = paths['/api/v1/projects']!['post']!.responses;
    assert.deepEqual(Object.keys(created).sort(), ['200', '400', '401', '403', '409', '413', '500']);
  });
});
