import { defineEndpoint, defineModel, definePolicy } from '@flyball/sdk';
import { flights } from './data.ts';

const days = (number: number): number => number * 86_400;

/** At push-back: will this flight be more than 15 minutes late? */
export const model = defineModel({
  name: 'flight-delay',
  description: 'Probability, at push-back, that a flight is more than 15 minutes late',
});

export const endpoint = defineEndpoint({
  name: 'flight-delay',
  description: 'Asked once for every departing flight',
  model,
  inputs: { origin: 'BYTES', destination: 'BYTES', distance: 'FP32', hour: 'FP32', weekday: 'FP32' },
  target: { kind: 'binary', positiveAbove: 15 },
  feedback: {
    dataset: flights,
    columns: {
      date: 'at',
      delay: 'label',
      distance: 'input.distance',
      origin: 'input.origin',
      destination: 'input.destination',
      landed_at: 'label_at',
    },
  },
  rollout: {
    steps: [
      { weight: 0, minSeconds: days(1), minRequests: 1000, maxSeconds: days(7) },
      { weight: 0.1, minSeconds: days(0.5), minRequests: 100, maxSeconds: days(7) },
      { weight: 0.5, minSeconds: days(0.5), minRequests: 300, maxSeconds: days(7) },
    ],
    metrics: [
      { kind: 'errors', margin: 2, tolerated: 0.02 },
      { kind: 'slow', objectiveMs: 250, margin: 2 },
      { kind: 'label_loss', margin: 0.005 },
    ],
    checkEverySeconds: 6 * 3600,
    onNoVerdict: 'roll_back',
  },
});

/** Machines may promote what has passed the gates; the log of it is kept like a person's decision. */
export const policy = definePolicy({
  name: 'flight-delay',
  model: model.name,
  requiredGates: ['calibrated', 'ranks', 'not-worse'],
  approvedBy: 'policy',
  fourEyes: false,
});
