/** A file of the repository as the house rules see it. */
export interface SourceFile {
  /** Relative to the repository, with forward slashes. */
  readonly path: string;
  readonly text: string;
}

/** One broken rule, at a line people can click on. */
export interface Breach {
  readonly path: string;
  readonly line: number;
  readonly message: string;
}

export const isTest = (path: string): boolean => /\.test\.tsx?$/.test(path);

/** Breaches for every line that matches. */
export function matchingLines(file: SourceFile, pattern: RegExp, message: string): Breach[] {
  return file.text
    .split('\n')
    .flatMap((text, i) => (pattern.test(text) ? [{ path: file.path, line: i + 1, message }] : []));
}
