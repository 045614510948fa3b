import type { Expectation } from '@flyball/api';

/** The names of a contract's rules, in order: as given, or else derived from what the rule is about. */
export function expectationIds(expectations: readonly Expectation[]): string[] {
  const taken = new Set(expectations.map(({ id }) => id));
  return expectations.map((expectation) => {
    if (expectation.id !== undefined) return expectation.id;
    const base = derivedId(expectation);
    let id = base;
    for (let n = 2; taken.has(id); n++) id = `${base}-${n}`;
    taken.add(id);
    return id;
  });
}

function derivedId(expectation: Expectation): string {
  const about = columnsOf(expectation);
  return about.length === 0 ? expectation.kind : `${expectation.kind}:${about.join(',')}`;
}

function columnsOf(expectation: Expectation): string[] {
  if ('column' in expectation) return [expectation.column];
  if ('columnA' in expectation) return [expectation.columnA, expectation.columnB];
  return expectation.kind === 'compound_unique' ? expectation.columns : [];
}
