import type { Run } from '@flyball/api';

/** Where MLflow's own pages keep the colour of a run too. */
export const COLOUR_TAG = 'mlflow.runColor';

export const isColour = (text: string): boolean => /^#[0-9a-f]{6}$/i.test(text);

/** FNV-1a: http://www.isthe.com/chongo/tech/comp/fnv */
function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return hash >>> 0;
}

/** From hue, saturation and lightness to red, green and blue, as CSS Color 4 defines it (section 7.1). */
function hexOf(hue: number, saturation: number, lightness: number): string {
  const part = (n: number): string => {
    const k = (n + hue / 30) % 12;
    const value = lightness - saturation * Math.min(lightness, 1 - lightness) * Math.max(-1, Math.min(k - 3, 9 - k, 1));
    return Math.round(value * 255)
      .toString(16)
      .padStart(2, '0');
  };
  return `#${part(0)}${part(8)}${part(4)}`;
}

/** A colour that can be told from light and dark backgrounds, the same for the same text everywhere. */
export function colourOfText(text: string): string {
  const hash = hashOf(text);
  const lightness = [0.45, 0.54, 0.62][(hash >>> 16) % 3]!;
  return hexOf(hash % 360, 0.55 + 0.1 * ((hash >>> 20) % 3), lightness);
}

/** The colour of a run in all charts: the one somebody chose, or one that follows from its id. */
export function runColour({ runId, tags }: Pick<Run, 'runId' | 'tags'>): string {
  const chosen = tags[COLOUR_TAG];
  return chosen !== undefined && isColour(chosen) ? chosen.toLowerCase() : colourOfText(runId);
}
