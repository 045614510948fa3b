// The rules of this house that neither compiler, linter nor dependency-cruiser know. Prints every breach.
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { documentRules } from './house/document-rules.ts';
import { fileRules } from './house/file-rules.ts';
import { schemaRules } from './house/schema-rules.ts';
import type { SourceFile } from './house/source-file.ts';

const root = resolve(import.meta.dirname, '..');

function sourceFiles(): SourceFile[] {
  const patterns = ['*.ts', '*.tsx', '*.mjs', '*.css', '*.sql', '*.py', ':!bench/results'];
  const args = ['ls-files', '--cached', '--others', '--exclude-standard', '--', ...patterns];
  return execFileSync('git', args, { cwd: root, encoding: 'utf8' })
    .split('\n')
    .filter((path) => path !== '' && existsSync(join(root, path)))
    .map((path) => ({ path, text: readFileSync(join(root, path), 'utf8') }));
}

const files = sourceFiles();
const breaches = files.flatMap((file) => [...fileRules(file), ...documentRules(file), ...schemaRules(file)]);
for (const { path, line, message } of breaches) process.stdout.write(`${path}:${line} ${message}\n`);
process.exitCode = breaches.length > 0 ? 1 : 0;
