import { openApiDocument, type Routes } from '@flyball/api';

interface Schema {
  readonly type?: string | readonly string[];
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly items?: Schema;
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly default?: unknown;
}

interface Operation {
  readonly operationId: string;
  readonly summary: string;
  readonly parameters: readonly { name: string; in: string; required: boolean; schema: Schema }[];
  readonly requestBody?: { readonly content: Readonly<Record<string, { readonly schema: Schema }>> };
  readonly responses: Readonly<Record<string, { readonly description: string }>>;
  readonly 'x-flyball-access': string;
}

type Paths = Readonly<Record<string, Readonly<Record<string, Operation>>>>;

const longestType = 90;

/** The reference of the HTTP API in Markdown, from the routes of each group. */
export function httpReference(groups: Readonly<Record<string, Routes>>): string {
  return [
    '# HTTP API',
    '',
    'Written by `npm run docs` from the routes in `api/src`; a running server gives the same as OpenAPI 3.1 at `/openapi.json`.',
    'Whoever calls needs at least the role named, in the project of the path. Errors are explained in [errors.md](errors.md).',
    ...Object.entries(groups).flatMap(([name, routes]) => ['', `## ${name}`, ...operations(routes)]),
    '',
  ].join('\n');
}

function operations(routes: Routes): string[] {
  const { paths } = openApiDocument(routes, '') as { paths: Paths };
  return Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).flatMap(([method, operation]) => section(`${method.toUpperCase()} ${path}`, operation)),
  );
}

function section(heading: string, operation: Operation): string[] {
  const codes = Object.entries(operation.responses)
    .filter(([status]) => status !== '200')
    .map(([status, { description }]) => `${status} ${description}`);
  const facts = [
    `\`${operation.operationId}\``,
    `role: ${operation['x-flyball-access']}`,
    `errors: ${codes.join(' · ')}`,
  ];
  return [
    '',
    `### \`${heading}\``,
    '',
    `${operation.summary}.`.replace(/\.\.$/, '.'),
    '',
    facts.join('; '),
    ...inputs(operation),
  ];
}

function inputs(operation: Operation): string[] {
  const rows = operation.parameters.map(({ name, in: place, required, schema }) => row(name, place, schema, required));
  for (const [type, { schema }] of Object.entries(operation.requestBody?.content ?? {})) {
    if (schema.properties === undefined) rows.push(row(type, 'body', schema, true));
    for (const [name, property] of Object.entries(schema.properties ?? {})) {
      rows.push(row(name, 'body', property, schema.required?.includes(name) ?? false));
    }
  }
  return rows.length === 0 ? [] : ['', '| input | in | type | required |', '|---|---|---|---|', ...rows];
}

function row(name: string, place: string, schema: Schema, required: boolean): string {
  const need = required && schema.default === undefined ? 'yes' : defaultOf(schema);
  return `| \`${name}\` | ${place} | ${typeOf(schema).replaceAll('|', '\\|')} | ${need} |`;
}

function defaultOf(schema: Schema): string {
  return schema.default === undefined ? 'no' : `no, \`${JSON.stringify(schema.default)}\``;
}

function typeOf(schema: Schema): string {
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (schema.enum !== undefined) return schema.enum.map((value) => JSON.stringify(value)).join(' | ');
  const options = schema.anyOf ?? schema.oneOf;
  if (options !== undefined) return shortened([...new Set(options.map(typeOf))].join(' | '), 'one of several objects');
  if (schema.type === 'array') return `list of ${typeOf(schema.items ?? {})}`;
  if (schema.properties !== undefined) return shortened(`{ ${Object.keys(schema.properties).join(', ')} }`, 'object');
  if (schema.type === undefined) return 'any JSON';
  return typeof schema.type === 'string' ? schema.type : schema.type.join(' | ');
}

function shortened(text: string, instead: string): string {
  return text.length > longestType ? instead : text;
}
