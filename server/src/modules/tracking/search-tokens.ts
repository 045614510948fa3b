import { invalidInput } from '@flyball/api';

/** A piece of a filter as written; `expression` is a name that only quotes would make one. */
export interface SearchToken {
  readonly kind: 'name' | 'expression' | 'string' | 'number' | 'comparator' | 'list' | 'keyword' | 'end' | 'other';
  readonly text: string;
}

const keywords = new Set(['AND', 'OR', 'IN', 'NOT', 'IS', 'NULL']);
const likes = new Set(['LIKE', 'ILIKE', 'RLIKE']);
const wordStart = /[\p{L}_]/u;
const wordPart = /[\p{L}\p{N}_$#@]/u;
const operator = /[-/+*%]/;
const number = /-?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?/y;
const comparator = /[<>]=|<>|[!=]=|[<>=]/y;
const whitespace = /\s+/y;

/** Filters are short; a longer one is a mistake or an attack. Lists of a thousand run ids fit. */
const LONGEST = 100_000;
const MOST_TOKENS = 1_000;

class Scanner {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  next(): SearchToken | null {
    this.#match(whitespace);
    const start = this.#at;
    const char = this.#text[start];
    if (char === undefined) return null;
    if (char === "'") return this.#quoted() ? this.#token('string', start) : this.#single('other');
    if (char === '(') return this.#list() ? this.#token('list', start) : this.#single('other');
    if (char === ';') return this.#single('end');
    if (this.#match(comparator)) return this.#token('comparator', start);
    if (this.#match(number)) return this.#token('number', start);
    return this.#name(start);
  }

  #match(pattern: RegExp): boolean {
    pattern.lastIndex = this.#at;
    const found = pattern.test(this.#text);
    if (found) this.#at = pattern.lastIndex;
    return found;
  }

  #token(kind: SearchToken['kind'], start: number): SearchToken {
    return { kind, text: this.#text.slice(start, this.#at) };
  }

  #single(kind: SearchToken['kind']): SearchToken {
    this.#at++;
    return { kind, text: this.#text[this.#at - 1]! };
  }

  /** Quotes are doubled or escaped inside; unlike SQL both stay as written. */
  #quoted(): boolean {
    for (let i = this.#at + 1; i < this.#text.length; i++) {
      const char = this.#text[i];
      if (char === '\\' && this.#text[i + 1] === "'" && this.#text.includes("'", i + 2)) i++;
      else if (char === "'" && this.#text[i + 1] === "'") i++;
      else if (char === "'") {
        this.#at = i + 1;
        return true;
      }
    }
    return false;
  }

  #list(): boolean {
    let quote = '';
    for (let i = this.#at + 1; i < this.#text.length; i++) {
      const char = this.#text[i]!;
      if (quote !== '') {
        if (char === quote) quote = '';
      } else if (char === "'" || char === '"') quote = char;
      else if (char === ')') {
        this.#at = i + 1;
        return true;
      }
    }
    return false;
  }

  #name(start: number): SearchToken {
    if (!this.#part(wordStart)) return this.#single('other');
    let isExpression = false;
    for (;;) {
      const char = this.#text[this.#at] ?? '';
      if (char === '.' && this.#isPart(this.#at + 1)) this.#at++;
      else if (operator.test(char) && this.#isPart(this.#at + 1)) {
        isExpression = true;
        this.#at++;
      } else break;
      this.#part(wordPart);
    }
    const token = this.#token(isExpression ? 'expression' : 'name', start);
    const upper = token.text.toUpperCase();
    if (keywords.has(upper)) return { ...token, kind: 'keyword' };
    return likes.has(upper) ? { ...token, kind: 'comparator' } : token;
  }

  #isPart(at: number): boolean {
    const char = this.#text[at] ?? '';
    return char === '`' || char === '"' || wordPart.test(char);
  }

  /** A word, or anything between backticks or double quotes. */
  #part(first: RegExp): boolean {
    const char = this.#text[this.#at] ?? '';
    if (char === '`' || char === '"') {
      const end = this.#text.indexOf(char, this.#at + 1);
      if (end === -1) return false;
      this.#at = end + 1;
      return true;
    }
    if (!first.test(char)) return false;
    while (this.#at < this.#text.length && wordPart.test(this.#text[this.#at]!)) this.#at++;
    return true;
  }
}

/** Cuts a filter or an order into its pieces, without judging them. */
export function searchTokens(text: string): SearchToken[] {
  if (text.length > LONGEST) throw invalidInput(`Search filters have at most ${LONGEST} characters`);
  const scanner = new Scanner(text);
  const tokens: SearchToken[] = [];
  for (let token = scanner.next(); token !== null; token = scanner.next()) {
    if (tokens.length === MOST_TOKENS) throw invalidInput(`Search filters have at most ${MOST_TOKENS} words`);
    tokens.push(token);
  }
  return tokens;
}
