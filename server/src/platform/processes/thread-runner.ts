import { Worker } from 'node:worker_threads';
import { PlatformError } from '@flyball/api';

export interface ThreadWork {
  /** The program, which answers with one message after the last of those it is given, `null`. */
  readonly program: URL;
  /** What it does, for messages, such as `Ranking these params`. */
  readonly what: string;
  readonly timeoutMs: number;
  /** Gives the program its messages, and may wait in between. */
  feed(give: (message: unknown) => void): Promise<void>;
}

/**
 * Computes in threads, so that this one goes on answering; no more of them at once than were agreed. A thread that runs
 * out of memory can take the process along, so what it is given is bounded by who gives it.
 */
export interface ThreadRunner {
  run<Result>(work: ThreadWork): Promise<Result>;
}

export interface ThreadRunnerOptions {
  readonly atOnce: number;
  /** Beyond these a caller is told to come again. */
  readonly mostWaiting: number;
}

export function createThreadRunner({ atOnce, mostWaiting }: ThreadRunnerOptions): ThreadRunner {
  const waiting: (() => void)[] = [];
  let running = 0;
  const enter = async (what: string): Promise<void> => {
    if (running < atOnce) {
      running++;
      return;
    }
    if (waiting.length >= mostWaiting) {
      throw new PlatformError('too_many_requests', `${what} has to wait for too many others: try again in a minute`);
    }
    await new Promise<void>((next) => waiting.push(next));
  };
  const leave = (): void => {
    const next = waiting.shift();
    if (next === undefined) running--;
    else next();
  };
  return {
    async run<Result>(work: ThreadWork) {
      await enter(work.what);
      try {
        return (await runThread(work)) as Result;
      } finally {
        leave();
      }
    },
  };
}

async function runThread({ program, what, timeoutMs, feed }: ThreadWork): Promise<unknown> {
  const worker = new Worker(program, { env: {} });
  worker.unref();
  const answered = Promise.withResolvers<unknown>();
  worker.once('message', answered.resolve);
  worker.once('error', (error) => answered.reject(error));
  worker.once('exit', () => answered.reject(new PlatformError('internal', `${what} ended without a result`)));
  const late = setTimeout(() => {
    const seconds = Math.round(timeoutMs / 1000);
    answered.reject(new PlatformError('deadline_exceeded', `${what} took more than ${seconds} s: ask for less`));
  }, timeoutMs);
  try {
    const fed = feed((message) => worker.postMessage(message)).then(() => worker.postMessage(null));
    const [result] = await Promise.all([answered.promise, fed]);
    return result;
  } finally {
    clearTimeout(late);
    await worker.terminate();
  }
}
