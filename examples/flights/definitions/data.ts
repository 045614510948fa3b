import { defineDataset, expectation } from '@flyball/sdk';

/** One row per flight. Its delay is known when it has landed, not before. */
export const flights = defineDataset({
  name: 'flights',
  description: 'US domestic flights, January to June 2001 (Bureau of Transportation Statistics, on-time data)',
  timeColumn: 'date',
  expectations: [
    expectation.columns({
      date: 'TIMESTAMP',
      delay: 'BIGINT',
      distance: 'BIGINT',
      origin: 'VARCHAR',
      destination: 'VARCHAR',
      landed_at: 'TIMESTAMP',
    }),
    expectation.rowCount({ min: 1 }),
    expectation.notNull('date'),
    expectation.notNull('delay'),
    expectation.notNull('distance'),
    expectation.notNull('origin'),
    expectation.notNull('destination'),
    expectation.notNull('landed_at'),
    expectation.between('delay', {
      min: -120,
      max: 1800,
      description: 'Nobody arrives two hours early, and no delay lasts longer than thirty hours',
    }),
    expectation.between('distance', { min: 20, max: 5200, description: 'Miles, not kilometres' }),
    expectation.mean('distance', { min: 600, max: 850, description: 'The mean flight is 730 miles long' }),
    expectation.quantile('distance', 0.99, { max: 2800, description: 'In miles; in kilometres it would be 4000' }),
    expectation.mean('delay', { min: -15, max: 60 }),
    expectation.stdev('delay', { min: 5, max: 90 }),
    expectation.matches('origin', '^[A-Z]{3}$'),
    expectation.matches('destination', '^[A-Z]{3}$'),
    expectation.distinctCount('origin', { max: 400 }),
    expectation.pairGreater('landed_at', 'date', { description: 'A flight lands after it has left' }),
    expectation.duplicateRows({ maxShare: 0.001 }),
    expectation.rows('origin <> destination', { severity: 'warning', mostly: 0.999 }),
    expectation.between('delay', { id: 'delay_usual', min: -60, max: 600, mostly: 0.999, severity: 'warning' }),
  ],
});
