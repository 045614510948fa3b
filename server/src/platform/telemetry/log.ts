import { type DestinationStream, destination, type Level, type Logger as PinoLogger, pino, stdSerializers } from 'pino';
import { HIDDEN, redact, redactText } from './redact.ts';

export type Logger = PinoLogger;

const CHILD_SECRETS = ['authorization', 'cookie', 'password', 'secret', 'token', 'apiKey'];

export interface LogOptions {
  level: Level | 'silent';
  program: string;
  /** Standard error unless given: standard output belongs to what a program says to its caller. */
  stream?: DestinationStream;
}

/**
 * Lines of JSON, with secrets hidden. A child logger carries what its lines have in common:
 * `log.child({ requestId })`.
 */
export function createLog({ level, program, stream = destination(2) }: LogOptions): Logger {
  const visible = (fields: object) => redact(fields) as Record<string, unknown>;
  // The serializer's result is no plain object, and carries the error itself under a hidden name.
  const error = (value: Error) => redact({ ...(stdSerializers.err(value) as object) });
  return pino(
    {
      level,
      base: { program },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }), log: visible },
      // The formatter sees the fields of a line, but not those that a child logger adds to all its lines.
      redact: { paths: CHILD_SECRETS, censor: HIDDEN },
      serializers: { err: error, error },
      hooks: {
        logMethod(args, method) {
          const [first] = args as unknown[];
          // An error alone gives the line its message too.
          const all: unknown[] = args.length === 1 && first instanceof Error ? [first, first.message] : args;
          method.apply(this, all.map((arg) => (typeof arg === 'string' ? redactText(arg) : arg)) as typeof args);
        },
      },
    },
    stream,
  );
}
