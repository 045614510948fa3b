import { MonitorDefinition } from '@flyball/api';
import type { z } from 'zod';
import { type Definition, makeDefinition, nameOf, type Reference } from './definition.ts';

type Input = z.input<typeof MonitorDefinition>;
type SignalInput = Omit<Input['signals'][number], 'id'>;
type RuleInput<S extends string> = Omit<NonNullable<Input['rules']>[number], 'id' | 'signal'> & { readonly signal: S };

/**
 * Standing questions about an endpoint, and when their answers are news.
 *
 * @example
 * export const watch = defineMonitor({
 *   name: 'flight-delay',
 *   endpoint: 'flight-delay',
 *   signals: { calibration: { kind: 'calibration_error', windowSeconds: 3 * 86_400 } },
 *   rules: { decayed: { signal: 'calibration', bound: 0.03, for: 2, of: 3 } },
 * });
 */
export function defineMonitor<const N extends string, const S extends string>(
  monitor: Omit<Input, 'name' | 'endpoint' | 'signals' | 'rules'> & {
    readonly name: N;
    readonly endpoint: Reference<'endpoint'>;
    readonly signals: Record<S, SignalInput>;
    readonly rules?: Record<string, RuleInput<NoInfer<S>>>;
  },
): Definition<'monitor', N> {
  return makeDefinition('monitor', monitor.name, MonitorDefinition, {
    ...monitor,
    endpoint: nameOf(monitor.endpoint),
    signals: Object.entries<SignalInput>(monitor.signals).map(([id, signal]) => ({ id, ...signal })),
    rules: Object.entries(monitor.rules ?? {}).map(([id, rule]) => ({ id, ...rule })),
  });
}
