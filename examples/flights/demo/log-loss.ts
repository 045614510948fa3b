import type { Flights } from './flights-source.ts';

const late = (flights: Flights, flight: number): number => (flights.delay[flight]! > 15 ? 1 : 0);

/** Mean log loss of probabilities of being more than 15 minutes late, over the flights that have one. */
export function meanLogLoss(flights: Flights, probability: Float64Array): number {
  let total = 0;
  let count = 0;
  for (let flight = 0; flight < flights.count; flight++) {
    const p = probability[flight]!;
    if (Number.isNaN(p)) continue;
    const bounded = Math.min(1 - 1e-15, Math.max(1e-15, p));
    total -= late(flights, flight) === 1 ? Math.log(bounded) : Math.log(1 - bounded);
    count++;
  }
  return total / count;
}
