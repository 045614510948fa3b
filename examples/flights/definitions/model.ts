import { defineEndpoint, defineModel, definePolicy } from '@flyball/sdk';
import { flights } from './data.ts';

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
      { weight: 0, minSeconds: 86_400, minRequests: 2000, maxSeconds: 4 * 86_400 },
      { weight: 0.1, minSeconds: 43_200, minRequests: 500, maxSeconds: 4 * 86_400 },
      { weight: 0.5, minSeconds: 43_200, minRequests: 500, maxSeconds: 4 * 86_400 },
    ],
    metrics: [
      { kind: 'errors', margin: 2 },
      { kind: 'slow', objectiveMs: 250, margin: 2 },
      { kind: 'label_loss', margin: 0.005 },
    ],
    checkEverySeconds: 3 * 3600,
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
