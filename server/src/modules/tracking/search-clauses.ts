import { invalidInput } from '@flyball/api';
import { type SearchToken, searchTokens } from './search-tokens.ts';

/** One comparison of a filter; clauses are joined by AND. `right` is null for IS NULL and IS NOT NULL. */
export interface SearchClause {
  readonly left: string;
  readonly comparator: string;
  readonly right: SearchToken | null;
}

interface Match {
  readonly clause: SearchClause;
  readonly length: number;
}

const isKeyword = (token: SearchToken | undefined, word: string): boolean =>
  token?.kind === 'keyword' && token.text.toUpperCase() === word;

function matchList(tokens: readonly SearchToken[], at: number): Match | null {
  const left = tokens[at]!;
  const negated = isKeyword(tokens[at + 1], 'NOT');
  const word = at + (negated ? 2 : 1);
  const right = tokens[word + 1];
  if (left.kind !== 'name' || !isKeyword(tokens[word], 'IN') || right?.kind !== 'list') return null;
  return { clause: { left: left.text, comparator: negated ? 'NOT IN' : 'IN', right }, length: negated ? 4 : 3 };
}

function matchNull(tokens: readonly SearchToken[], at: number): Match | null {
  const left = tokens[at]!;
  const negated = isKeyword(tokens[at + 2], 'NOT');
  if (left.kind !== 'name' || !isKeyword(tokens[at + 1], 'IS')) return null;
  if (!isKeyword(tokens[at + (negated ? 3 : 2)], 'NULL')) return null;
  const comparator = negated ? 'IS NOT NULL' : 'IS NULL';
  return { clause: { left: left.text, comparator, right: null }, length: negated ? 4 : 3 };
}

function matchComparison(tokens: readonly SearchToken[], at: number): Match | null {
  const negated = isKeyword(tokens[at + 1], 'NOT') && /LIKE$/i.test(tokens[at + 2]?.text ?? '');
  const middle = at + (negated ? 2 : 1);
  const [left, comparator, right] = [tokens[at]!, tokens[middle], tokens[middle + 1]];
  if (comparator?.kind !== 'comparator' || right === undefined) return null;
  if (left.kind === 'keyword' || left.kind === 'comparator' || left.kind === 'other') return null;
  if (right.kind === 'keyword' || right.kind === 'comparator' || right.kind === 'other') return null;
  if (left.kind !== 'name') throw invalidInput(`Invalid comparison clause. Expected 'Identifier' found '${left.text}'`);
  const written = comparator.text.toUpperCase();
  const clause = { left: left.text, comparator: negated ? `NOT ${written}` : written, right };
  return { clause, length: negated ? 4 : 3 };
}

/** The comparisons of a filter. Anything that belongs to none is named in the error. */
export function searchClauses(filter: string): SearchClause[] {
  const tokens = searchTokens(filter);
  const end = tokens.findIndex(({ kind }) => kind === 'end');
  if (end !== -1 && end < tokens.length - 1) {
    throw invalidInput(
      `Search filter contained multiple expression ${JSON.stringify(filter)}. Provide AND-ed expression list.`,
    );
  }
  const clauses: SearchClause[] = [];
  const invalid: string[] = [];
  for (let at = 0; at < tokens.length; ) {
    const match = matchList(tokens, at) ?? matchNull(tokens, at) ?? matchComparison(tokens, at);
    if (match !== null) clauses.push(match.clause);
    else if (!isKeyword(tokens[at], 'AND')) invalid.push(`'${tokens[at]!.text}'`);
    at += match?.length ?? 1;
  }
  if (invalid.length > 0) throw invalidInput(`Invalid clause(s) in filter string: ${invalid.slice(0, 50).join(', ')}`);
  return clauses;
}
