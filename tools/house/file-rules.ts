import { type Breach, isTest, matchingLines, type SourceFile } from './source-file.ts';

const longestFile = 400;
const longestLine = 120;
const grabBag =
  /^(.*-)?(utils?|helpers?|managers?|services?)\.tsx?$|^(common|shared|core|base|misc|types|constants)\.tsx?$/;

/** A long string, template or address: the formatter leaves it whole too. */
const unbreakable = /(['"`])(?:(?!\1).){60,}\1|https?:\/\/\S{40}/;

// Spelt in two parts, so that this file does not break its own rules.
const silenced = new RegExp(['@ts', '-(ignore|nocheck|expect-error)|biome', '-ignore'].join(''));

/** Code that runs as built, in a file that lies elsewhere; these know it. */
const asBuilt = /^server\/src\/(?!main\.ts|testing\/|platform\/(server-files|database\/postgres-binaries)\.ts)/;

/** Rules for single files that neither compiler nor linter know. */
export function fileRules(file: SourceFile): Breach[] {
  return [
    ...sizeRules(file),
    ...nameRules(file),
    ...matchingLines(file, silenced, 'silences a check; change the code, or the rule for everyone'),
    ...(isTest(file.path) ? testRules(file) : []),
    ...(asBuilt.test(file.path) && !isTest(file.path)
      ? matchingLines(file, /import\.meta\.(url|dirname|filename)/, 'asks where it lies; ask platform/server-files.ts')
      : []),
  ];
}

function sizeRules(file: SourceFile): Breach[] {
  const lines = file.text.trimEnd().split('\n');
  const tooLong = lines.flatMap((text, i) =>
    text.length > longestLine && !unbreakable.test(text)
      ? [
          {
            path: file.path,
            line: i + 1,
            message: `is ${text.length} characters long, at most ${longestLine} are allowed`,
          },
        ]
      : [],
  );
  if (lines.length <= longestFile) return tooLong;
  const message = `has ${lines.length} lines, at most ${longestFile} are allowed`;
  return [...tooLong, { path: file.path, line: longestFile + 1, message }];
}

function nameRules({ path }: SourceFile): Breach[] {
  const name = path.split('/').at(-1) ?? '';
  if (!grabBag.test(name)) return [];
  return [{ path, line: 1, message: 'is named like a drawer for everything; name the one thing it is about' }];
}

/** All files of a run share one process, and hooks outside a describe would act on every file. */
function testRules(file: SourceFile): Breach[] {
  const suites = matchingLines(
    file,
    /^(await |void )?(describe|suite)\(/,
    'is a second top-level describe; keep one per file',
  );
  const outside = /^(await |void )?(it|test|before|after|beforeEach|afterEach)\(/;
  return [
    ...suites.slice(1),
    ...matchingLines(file, outside, 'stands outside the describe of its file'),
    ...matchingLines(file, /\b(describe|it|test)\.(only|todo)\(/, 'keeps other tests from running or has no test yet'),
    ...matchingLines(file, /\bmock\.(module|timers)\b/, 'replaces a module; pass what varies as an argument'),
  ];
}
