import { PlatformError } from '@flyball/api';

/** What references may point into. */
export interface Scope {
  readonly params: unknown;
  readonly run: { readonly id: string };
  readonly steps: Readonly<Record<string, { readonly outputs: unknown } | undefined>>;
}

const pattern = /\$\{([^}]*)\}/g;

function lookUp(reference: string, scope: Scope): unknown {
  let value: unknown = scope;
  for (const part of reference.trim().split('.')) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, part)) return undefined;
    value = (value as Record<string, unknown>)[part];
  }
  return value;
}

/** The references in a value, wherever they stand. */
export function referencesIn(value: unknown): string[] {
  if (typeof value === 'string') return [...value.matchAll(pattern)].map((match) => match[1]!.trim());
  if (typeof value !== 'object' || value === null) return [];
  return Object.values(value).flatMap(referencesIn);
}

/**
 * Replaces references; a string that is one reference keeps the type of what it points to, missing ones become null.
 */
export function resolveReferences(value: unknown, scope: Scope): unknown {
  if (typeof value === 'string') {
    const whole = /^\$\{([^}]*)\}$/.exec(value);
    if (whole !== null) return lookUp(whole[1]!, scope) ?? null;
    return value.replace(pattern, (_, reference: string) => String(lookUp(reference, scope) ?? ''));
  }
  if (Array.isArray(value)) return value.map((item) => resolveReferences(item, scope));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, resolveReferences(item, scope)]));
}

/** Whether a step's `when` holds: its reference points to something true. */
export function isTruthy(condition: string, scope: Scope): boolean {
  const value = resolveReferences(condition, scope);
  if (typeof value === 'string' && value === condition) {
    throw new PlatformError('invalid_input', `"${condition}" holds no reference such as \${steps.x.outputs.y}`);
  }
  return Boolean(value) && value !== 'false';
}
