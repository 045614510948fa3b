import { type Breach, isTest, type SourceFile } from './source-file.ts';

const documented = /^(stats|api|sdk)\/src\/(?!cli\/|testing\/)/;
const declaration =
  /^export (?:default )?(?:abstract |async |declare )*(?:function\*?|class|const|interface|type) (\w+)/;
const door = /^server\/src\/(modules|protocols)\/[^/]+\/index\.ts$/;

/** What people read without the code: exports of the packages they install, and the first line of each module. */
export function documentRules(file: SourceFile): Breach[] {
  if (door.test(file.path)) return doorRule(file);
  if (!documented.test(file.path) || isTest(file.path)) return [];
  const lines = file.text.split('\n');
  return lines.flatMap((text, i) => {
    const name = declaration.exec(text)?.[1];
    if (name === undefined || isDocumented(lines, i) || isTwin(lines, text, name)) return [];
    return [{ path: file.path, line: i + 1, message: `exports ${name} without saying what it is` }];
  });
}

function doorRule({ path, text }: SourceFile): Breach[] {
  if (/^\s*\/[/*]/.test(text)) return [];
  return [{ path, line: 1, message: 'begins without a comment that says what it owns and what it does not' }];
}

function isDocumented(lines: readonly string[], index: number): boolean {
  return lines[index - 1]?.trimEnd().endsWith('*/') ?? false;
}

/** The type of a schema has the schema's own words: `export const Run = z…; export type Run = z.infer<typeof Run>`. */
function isTwin(lines: readonly string[], text: string, name: string): boolean {
  if (/^export function/.test(text))
    return lines.filter((line) => line.startsWith(`export function ${name}(`)).length > 1;
  return text.startsWith('export type') && lines.some((line) => line.startsWith(`export const ${name} `));
}
