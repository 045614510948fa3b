import { z } from 'zod';
import { errorStatus } from './errors.ts';
import { apiPrefix, type Route, type Routes } from './route.ts';

type Json = Record<string, unknown>;

/** JSON Schema 2020-12 of a zod schema, without the `$schema` line (OpenAPI 3.1 implies it). */
function schemaOf(type: z.ZodType, io: 'input' | 'output'): Json {
  const { $schema: _, ...schema } = z.toJSONSchema(type, { io, unrepresentable: 'any', reused: 'inline' }) as Json;
  return inlineDefinitions(schema);
}

/** Moves `#/$defs/x` of one schema inside that schema, so that every schema of the document stands alone. */
function inlineDefinitions(schema: Json): Json {
  const { $defs, ...rest } = schema;
  if ($defs === undefined) return rest;
  const definitions = $defs as Record<string, Json>;
  const resolve = (node: unknown): unknown => {
    if (Array.isArray(node)) return node.map(resolve);
    if (typeof node !== 'object' || node === null) return node;
    const reference = (node as Json)['$ref'];
    if (typeof reference === 'string' && reference.startsWith('#/$defs/')) {
      return resolve(definitions[reference.slice('#/$defs/'.length)]);
    }
    return Object.fromEntries(Object.entries(node).map(([key, value]) => [key, resolve(value)]));
  };
  return resolve(rest) as Json;
}

function parametersOf(route: Route): Json[] {
  const parameters: Json[] = [];
  for (const [place, object] of [
    ['path', route.params],
    ['query', route.query],
  ] as const) {
    if (object === undefined) continue;
    const schema = schemaOf(object, 'input');
    const required = new Set((schema['required'] as string[] | undefined) ?? []);
    for (const [name, property] of Object.entries((schema['properties'] as Json | undefined) ?? {})) {
      parameters.push({ name, in: place, required: place === 'path' || required.has(name), schema: property });
    }
  }
  return parameters;
}

function responsesOf(route: Route): Json {
  const contentType = { events: 'text/event-stream', bytes: 'application/octet-stream', json: 'application/json' };
  const content =
    route.stream === undefined
      ? { [contentType.json]: { schema: schemaOf(route.result, 'output') } }
      : { [contentType[route.stream]]: { schema: { type: 'string' } } };
  const responses: Json = { '200': { description: 'Done', content } };
  const codes = new Set([...(route.errors ?? []), 'invalid_input' as const, 'internal' as const]);
  if (route.path.includes('/:')) codes.add('not_found');
  if (route.body !== undefined || route.upload === true) codes.add('too_large');
  if (route.access !== 'public') for (const code of ['not_signed_in', 'not_allowed'] as const) codes.add(code);
  for (const code of codes) {
    const status = String(errorStatus[code]);
    const known = responses[status] as { description: string } | undefined;
    if (known !== undefined) known.description += `, ${code}`;
    else {
      const schema = { $ref: '#/components/schemas/Error' };
      responses[status] = { description: code, content: { 'application/json': { schema } } };
    }
  }
  return responses;
}

function operationOf(name: string, route: Route): Json {
  const operation: Json = { operationId: name, summary: route.summary, parameters: parametersOf(route) };
  operation['responses'] = responsesOf(route);
  operation['security'] = route.access === 'public' ? [] : [{ token: [] }];
  operation['x-flyball-access'] = route.access;
  if (route.upload === true) {
    const content = { 'application/octet-stream': { schema: { type: 'string', format: 'binary' } } };
    operation['requestBody'] = { required: true, content };
  } else if (route.body !== undefined) {
    const content = { 'application/json': { schema: schemaOf(route.body, 'input') } };
    operation['requestBody'] = { required: true, content };
  }
  return operation;
}

/**
 * The OpenAPI 3.1 document of routes.
 *
 * @example
 * openApiDocument({ ...dataRoutes, ...servingRoutes }, '1.0.0');
 */
export function openApiDocument(routes: Routes, version: string): Json {
  const paths: Record<string, Json> = {};
  for (const [name, route] of Object.entries(routes)) {
    const path = apiPrefix + route.path.replace(/:(\w+)/g, '{$1}');
    const item = paths[path] ?? {};
    paths[path] = item;
    item[route.method.toLowerCase()] = operationOf(name, route);
  }
  const error = {
    type: 'object',
    required: ['code', 'message'],
    properties: {
      code: { type: 'string', enum: Object.keys(errorStatus) },
      message: { type: 'string' },
      details: {},
      requestId: { type: 'string' },
    },
  };
  return {
    openapi: '3.1.0',
    info: { title: 'Flyball', version, license: { name: 'Apache-2.0', identifier: 'Apache-2.0' } },
    servers: [{ url: '/' }],
    paths,
    components: { schemas: { Error: error }, securitySchemes: { token: { type: 'http', scheme: 'bearer' } } },
  };
}
