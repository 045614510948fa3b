const SECRET_NAME =
  /^(authorization|proxy-authorization|cookie|set-cookie|pass(word|phrase|wd)?|(\w+[-_])?(token|secret|api[-_]?key))$/i;
const SECRET_NAME_CAMEL = /(Password|Token|Secret|ApiKey)$/;
const PASSWORD_IN_URL = /(\b[a-z][a-z0-9+.-]*:\/\/[^\s/:@]*:)[^\s/@]+@/gi;
const BEARER = /\b(bearer|basic)\s+[\w.~+/-]+=*/gi;
export const HIDDEN = '[hidden]';
const DEEPEST = 8;

/** The same value without secrets: neither under a name that says so, nor within a text that shows one. */
export function redact(value: unknown, depth = 0): unknown {
  if (typeof value === 'string') return redactText(value);
  if (typeof value !== 'object' || value === null || depth > DEEPEST) return value;
  if (Array.isArray(value)) return value.map((item) => redact(item, depth + 1));
  // Errors have a serializer of their own; dates, buffers and the like hold no named parts.
  if (Object.getPrototypeOf(value) !== Object.prototype && Object.getPrototypeOf(value) !== null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, item]) => [name, isSecret(name) ? HIDDEN : redact(item, depth + 1)]),
  );
}

export function redactText(text: string): string {
  return text.replace(PASSWORD_IN_URL, `$1${HIDDEN}@`).replace(BEARER, `$1 ${HIDDEN}`);
}

const isSecret = (name: string): boolean => SECRET_NAME.test(name) || SECRET_NAME_CAMEL.test(name);
