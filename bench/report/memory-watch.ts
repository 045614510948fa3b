import { readFileSync } from 'node:fs';
import { processesOf } from '../../e2e/demo-processes.ts';

const watched = ['api', 'worker', 'gateway'] as const;
const PAGE_MB = 4096 / 2 ** 20;

/** Megabytes of each role; `seconds` since the watch began. */
export interface MemorySample {
  readonly seconds: number;
  readonly api: number;
  readonly worker: number;
  readonly gateway: number;
}

export interface MemoryWatch {
  readonly samples: readonly MemorySample[];
  stop(): void;
}

/** The resident memory of a process that may have ended. */
function residentMb(pid: number): number {
  try {
    return Number(readFileSync(`/proc/${pid}/statm`, 'utf8').split(' ')[1]) * PAGE_MB;
  } catch {
    return 0;
  }
}

/** Samples the memory of the server's processes (Linux). */
export function watchMemory(supervisor: number, everyMs: number): MemoryWatch {
  const pids = watched.map((role) => processesOf(supervisor, role));
  const began = performance.now();
  const samples: MemorySample[] = [];
  const sample = (): void => {
    const [api = 0, worker = 0, gateway = 0] = pids.map((own) =>
      Math.round(own.reduce((sum, pid) => sum + residentMb(pid), 0)),
    );
    samples.push({ seconds: Math.round((performance.now() - began) / 1000), api, worker, gateway });
  };
  sample();
  const timer = setInterval(sample, everyMs);
  return {
    samples,
    stop: () => {
      clearInterval(timer);
      sample();
    },
  };
}
