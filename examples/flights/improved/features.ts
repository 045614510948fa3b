import { count, defineEntity, defineFeatureView, shareAbove } from '@flyball/sdk';
import { flights } from '../definitions/data.ts';
import { timetable } from '../definitions/timetable.ts';

export const airport = defineEntity({ name: 'airport', description: 'By its three-letter code', key: 'code' });

/** How late the flights were that left an airport, as far as they have landed. */
export const fromAirport = defineFeatureView({
  name: 'from_airport',
  entity: airport,
  source: { dataset: flights, key: 'origin', happenedAt: 'date', knownAt: 'landed_at' },
  ttl: '2d',
  features: {
    late_share_3h: shareAbove('delay', 15).over('3h'),
    late_share_24h: shareAbove('delay', 15).over('24h'),
    landed_3h: count().over('3h'),
  },
});

/** The same for the flights that were bound for an airport. */
export const toAirport = defineFeatureView({
  name: 'to_airport',
  entity: airport,
  source: { dataset: flights, key: 'destination', happenedAt: 'date', knownAt: 'landed_at' },
  ttl: '2d',
  features: {
    late_share_3h: shareAbove('delay', 15).over('3h'),
    late_share_24h: shareAbove('delay', 15).over('24h'),
  },
});

/** What a timetable knows, and how the day goes at both ends: looked up while serving … */
export const inputs = [
  ...timetable,
  fromAirport.serve('late_share_3h', { key: 'origin', as: 'origin_late_3h' }),
  fromAirport.serve('late_share_24h', { key: 'origin', as: 'origin_late_24h' }),
  fromAirport.serve('landed_3h', { key: 'origin', as: 'origin_landed_3h' }),
  toAirport.serve('late_share_3h', { key: 'destination', as: 'destination_late_3h' }),
  toAirport.serve('late_share_24h', { key: 'destination', as: 'destination_late_24h' }),
];

/** … and, for training, as it was known when each flight left. */
export const history = [
  fromAirport.train('late_share_3h', { key: 'origin', as: 'origin_late_3h' }),
  fromAirport.train('late_share_24h', { key: 'origin', as: 'origin_late_24h' }),
  fromAirport.train('landed_3h', { key: 'origin', as: 'origin_landed_3h' }),
  toAirport.train('late_share_3h', { key: 'destination', as: 'destination_late_3h' }),
  toAirport.train('late_share_24h', { key: 'destination', as: 'destination_late_24h' }),
];
