import type { Pipeline } from '@flyball/api';

type AnyTrigger = Pipeline['triggers'][number];

/** When a trigger starts a run, in words. */
export function triggerText(trigger: AnyTrigger): string {
  if (trigger.kind === 'schedule') return `${trigger.cron} (${trigger.timeZone})`;
  const where = Object.entries(trigger.where).map(([name, value]) => `${name} = ${JSON.stringify(value)}`);
  return where.length === 0 ? `on ${trigger.event}` : `on ${trigger.event} where ${where.join(', ')}`;
}
