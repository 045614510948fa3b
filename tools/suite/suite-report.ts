import { AssertionError } from 'node:assert';
import { relative } from 'node:path';
import { inspect } from 'node:util';

export interface Counts {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

/** What this report needs to know of an event of node:test. */
export interface SuiteEvent {
  readonly type: string;
  readonly data: {
    readonly name?: string;
    readonly nesting?: number;
    readonly file?: string | undefined;
    readonly message?: string;
    readonly skip?: string | boolean | undefined;
    readonly details?: {
      readonly type?: string | undefined;
      readonly duration_ms?: number;
      readonly error?: unknown;
    };
  };
}

/** One line per test file as it ends, every failure in full, and the counts. */
export class SuiteReport {
  readonly #root: string;
  readonly #unreported: Set<string>;
  readonly #path: string[] = [];
  #passed = 0;
  #failed = 0;
  #skipped = 0;
  #ofFile = { tests: 0, failed: 0 };

  constructor(root: string, files: readonly string[]) {
    this.#root = root;
    this.#unreported = new Set(files);
  }

  get counts(): Counts {
    return { passed: this.#passed, failed: this.#failed, skipped: this.#skipped };
  }

  /** Takes in an event and returns what to print, often nothing. */
  add({ type, data }: SuiteEvent): string {
    if (type === 'test:start') this.#path[data.nesting ?? 0] = data.name ?? '';
    if (type === 'test:diagnostic' && data.message?.startsWith('Error: ')) return this.#stray(data.message);
    if (type !== 'test:pass' && type !== 'test:fail') return '';
    const printed = type === 'test:fail' ? this.#fail(data) : this.#pass(data);
    return data.nesting === 0 ? printed + this.#endOfFile(data) : printed;
  }

  /** Files that told nothing, because the process ended before it came to them. */
  end(): string {
    this.#failed += this.#unreported.size;
    return [...this.#unreported].map((file) => `✗ ${relative(this.#root, file)} was not run\n`).join('');
  }

  #pass(data: SuiteEvent['data']): string {
    if (data.details?.type === 'suite') return '';
    if (isFile(data)) return this.#countFailure(`${relative(this.#root, data.file ?? '')} declares no test`);
    this.#ofFile.tests += 1;
    if (data.skip === undefined || data.skip === false) this.#passed += 1;
    else this.#skipped += 1;
    return '';
  }

  #fail(data: SuiteEvent['data']): string {
    const error = data.details?.error;
    if (failureType(error) === 'subtestsFailed') return '';
    this.#ofFile.tests += 1;
    const name = this.#path.slice(0, (data.nesting ?? 0) + 1).join(' › ');
    return this.#countFailure(`${name}\n${indent(readable(error))}`);
  }

  #stray(message: string): string {
    return this.#countFailure(`Something went on after its test had ended.\n${indent(message)}`);
  }

  #countFailure(text: string): string {
    this.#failed += 1;
    this.#ofFile.failed += 1;
    return `✗ ${text}\n`;
  }

  #endOfFile(data: SuiteEvent['data']): string {
    const { tests, failed } = this.#ofFile;
    this.#ofFile = { tests: 0, failed: 0 };
    const file = data.file ?? '';
    this.#unreported.delete(file);
    const seconds = ((data.details?.duration_ms ?? 0) / 1000).toFixed(1);
    const outcome = failed > 0 ? `${failed} of ${tests} failed` : `${tests} passed`;
    return `${failed > 0 ? '✗' : '✓'} ${relative(this.#root, file)} (${outcome}, ${seconds} s)\n`;
  }
}

/** node:test reports a file without tests as one passing test called like the file. */
function isFile(data: SuiteEvent['data']): boolean {
  return data.nesting === 0 && data.file !== undefined && data.name !== undefined && data.file.endsWith(data.name);
}

function failureType(error: unknown): unknown {
  return error instanceof Error && 'failureType' in error ? error.failureType : undefined;
}

function readable(error: unknown): string {
  const cause = error instanceof Error && error.cause !== undefined ? error.cause : error;
  // An assertion's message already has what its other properties repeat.
  const text = cause instanceof AssertionError ? (cause.stack ?? cause.message) : inspect(cause);
  return text
    .split('\n')
    .filter((line) => !/^\s+at .*\(?node:internal/.test(line))
    .join('\n');
}

function indent(text: string): string {
  return text.replaceAll(/^/gm, '    ');
}
