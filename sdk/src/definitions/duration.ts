const unitSeconds = { s: 1, m: 60, h: 3600, d: 86_400, w: 604_800 } as const;

/** A length of time: seconds, or a number with a unit, as `90s`, `15m`, `3h`, `7d`, `2w`. */
export type Duration = number | `${number}${keyof typeof unitSeconds}`;

/**
 * @example
 * durationSeconds('3h'); // 10800
 */
export function durationSeconds(duration: Duration): number {
  if (typeof duration === 'number') return duration;
  const match = /^(\d+(?:\.\d+)?)([smhdw])$/.exec(duration);
  if (match === null) throw new TypeError(`"${duration}" is no duration; write for example "90s", "15m", "3h" or "7d"`);
  return Number(match[1]) * unitSeconds[match[2] as keyof typeof unitSeconds];
}
