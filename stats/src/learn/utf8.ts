/** Bytes of a text in UTF-8 (RFC 3629); a lone surrogate becomes U+FFFD. This package has no TextEncoder. */
export function encodeUtf8(text: string): Uint8Array<ArrayBuffer> {
  const escaped = encodeURIComponent(text.toWellFormed());
  const bytes = new Uint8Array(escaped.length);
  let length = 0;
  for (let i = 0; i < escaped.length; i++) {
    const isEscape = escaped[i] === '%';
    bytes[length++] = isEscape ? Number.parseInt(escaped.slice(i + 1, i + 3), 16) : escaped.charCodeAt(i);
    if (isEscape) i += 2;
  }
  return bytes.slice(0, length);
}

/** The text of UTF-8 bytes. Throws a RangeError when they are not UTF-8. */
export function decodeUtf8(bytes: Uint8Array): string {
  const parts: string[] = [];
  for (const byte of bytes) parts.push(`%${byte.toString(16).padStart(2, '0')}`);
  try {
    return decodeURIComponent(parts.join(''));
  } catch (cause) {
    throw new RangeError('Not UTF-8', { cause });
  }
}
