const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
const digitOf = new Map([...alphabet].map((letter, i) => [letter.charCodeAt(0), i]));

/** Base64 with padding (RFC 4648, section 4). This package runs where neither Buffer nor btoa is declared. */
export function encodeBase64(bytes: Uint8Array): string {
  const parts: string[] = [];
  for (let i = 0; i < bytes.length; i += 3) {
    const group = (bytes[i]! << 16) | ((bytes[i + 1] ?? 0) << 8) | (bytes[i + 2] ?? 0);
    parts.push(
      alphabet[group >> 18]!,
      alphabet[(group >> 12) & 63]!,
      i + 1 < bytes.length ? alphabet[(group >> 6) & 63]! : '=',
      i + 2 < bytes.length ? alphabet[group & 63]! : '=',
    );
  }
  return parts.join('');
}

/** The bytes of a base64 text. Throws a RangeError when it is not one. */
export function decodeBase64(text: string): Uint8Array<ArrayBuffer> {
  const digits = text.endsWith('==') ? text.length - 2 : text.length - (text.endsWith('=') ? 1 : 0);
  if (text.length % 4 !== 0) throw new RangeError('Not base64: the length is not a multiple of 4');
  const bytes = new Uint8Array(Math.floor((digits * 3) / 4));
  let held = 0;
  let at = 0;
  for (let i = 0; i < digits; i++) {
    const digit = digitOf.get(text.charCodeAt(i));
    if (digit === undefined) throw new RangeError(`Not base64: "${text[i]}" at ${i}`);
    held = ((held << 6) | digit) & 0xffffff;
    if (i % 4 > 0) bytes[at++] = (held >> (6 - 2 * (i % 4))) & 255;
  }
  return bytes;
}
