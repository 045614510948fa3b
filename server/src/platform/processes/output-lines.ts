import { StringDecoder } from 'node:string_decoder';

export type OutputStream = 'stdout' | 'stderr';
export type OnLine = (stream: OutputStream, line: string) => void;

const LONGEST_LINE = 64 * 1024;

/**
 * Cuts the output of a process into lines. Beyond `maxBytes` of both streams together it is dropped, and said so once.
 */
export function createOutputLines(onLine: OnLine, maxBytes: number) {
  let bytes = 0;

  return function lines(stream: OutputStream) {
    const decoder = new StringDecoder('utf8');
    let rest = '';
    const emit = (text: string) => {
      const line = text.endsWith('\r') ? text.slice(0, -1) : text;
      // A progress bar draws over itself: what it showed last is the line.
      onLine(stream, line.slice(line.lastIndexOf('\r') + 1));
    };
    const overflow = () => {
      if (rest !== '') emit(rest);
      rest = '';
      onLine('stderr', `[the output is longer than ${maxBytes} bytes: the rest is dropped]`);
    };
    return {
      write(chunk: Uint8Array): void {
        if (bytes > maxBytes) return;
        bytes += chunk.byteLength;
        const parts = (rest + decoder.write(chunk as Buffer)).split('\n');
        rest = parts.pop() ?? '';
        for (const part of parts) emit(part);
        for (; rest.length > LONGEST_LINE; rest = rest.slice(LONGEST_LINE)) emit(rest.slice(0, LONGEST_LINE));
        if (bytes > maxBytes) overflow();
      },
      end(): void {
        rest += decoder.end();
        if (rest !== '') emit(rest);
        rest = '';
      },
    };
  };
}
