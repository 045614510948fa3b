import { type Breach, matchingLines, type SourceFile } from './source-file.ts';

/** The life of a model, left to right; each module owns the PostgreSQL schema of its name. */
const modules = [
  'data',
  'features',
  'tracking',
  'tracing',
  'registry',
  'evaluation',
  'pipelines',
  'serving',
  'monitoring',
  'governance',
];
const sqlVerb = String.raw`(?:from|join|into|update|table(?: if (?:not )?exists)?|references|truncate)\s+"?`;
const builderVerb = String.raw`(?:selectFrom|\w*[jJ]oin|insertInto|updateTable|deleteFrom|mergeInto)\(\s*['"\x60]`;

/** A module reads and writes its own tables only; its foreign keys point left like its imports. */
export function schemaRules(file: SourceFile): Breach[] {
  const store = /^server\/src\/modules\/([^/]+)\/.*(?<!\.test)\.ts$/.exec(file.path)?.[1];
  if (store !== undefined) {
    const others = modules.filter((name) => name !== store);
    return naming(
      file,
      `(?:${sqlVerb}|${builderVerb})`,
      others,
      (name) => `uses a table of #${name}; ask its functions`,
    );
  }
  const owner = migrationModule(file.path);
  if (owner === undefined) return [];
  const position = modules.indexOf(owner);
  const right = modules.slice(position + 1);
  const others = modules.filter((name) => name !== owner);
  return [
    ...naming(file, String.raw`references\s+"?`, right, (name) => `points right, from ${owner} to ${name}`),
    ...naming(file, 'create table (?:if not exists )?"?', others, (name) => `creates a table of ${name}`),
  ];
}

/** Migrations are numbered by module, ten to each; numbers stay when a module comes between others. */
const decades = [
  'platform',
  'data',
  'features',
  'tracking',
  'registry',
  'evaluation',
  'pipelines',
  'serving',
  'monitoring',
  'governance',
  'tracing',
];

function migrationModule(path: string): string | undefined {
  const number = /^server\/migrations\/0(\d\d)\d-.*\.sql$/.exec(path)?.[1];
  const owner = number === undefined ? undefined : decades[Number(number)];
  return owner === 'platform' ? undefined : owner;
}

function naming(
  file: SourceFile,
  before: string,
  schemas: readonly string[],
  message: (name: string) => string,
): Breach[] {
  return schemas.flatMap((name) => {
    const pattern = new RegExp(String.raw`${before}${name}"?\."?[a-z]`, before.includes('[jJ]') ? '' : 'i');
    return matchingLines(file, pattern, message(name));
  });
}
