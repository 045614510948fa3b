import { fromRequest } from '@flyball/sdk';

/** What a timetable knows about a flight. */
export const timetable = [fromRequest('hour'), fromRequest('weekday'), fromRequest('distance')];
