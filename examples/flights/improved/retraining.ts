import { defineRetraining } from '../definitions/retraining.ts';
import { history, inputs } from './features.ts';

/** The same pipeline, with what is known about the day. */
export const retraining = defineRetraining({ inputs, history });
