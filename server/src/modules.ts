import type { Role } from './config.ts';
import type { Platform } from './platform/platform.ts';

/** The nine modules, each built with what is left of it. */
export interface Modules {
  start(role: Role): Promise<void>;
  stop(): Promise<void>;
}

export function createModules(_platform: Platform): Modules {
  return {
    start: async () => {},
    stop: async () => {},
  };
}
