/** An output of an earlier step, for `with` and `when`; alone in a string it keeps its type. */
export const output = (step: string, name: string): string => `\${steps.${step}.outputs.${name}}`;

/** A parameter of the run. */
export const param = (name: string): string => `\${params.${name}}`;
