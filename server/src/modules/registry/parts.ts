import type { Data } from '#data';
import type { Platform } from '#platform/platform';
import type { Tracking } from '#tracking';

/** Whether only a finished rollout may move this alias. */
export type AliasGuard = (project: string, model: string, alias: string) => Promise<boolean>;

/** What this module is built on. */
export interface RegistryParts {
  readonly platform: Platform;
  readonly data: Data;
  readonly tracking: Tracking;
  aliasGuard: AliasGuard;
}
