import { constants } from 'node:fs';
import { copyFile, link, realpath } from 'node:fs/promises';
import { join } from 'node:path';
import {
  type DuckDBConnection,
  type DuckDBPreparedStatement,
  type DuckDBResult,
  DuckDBTimestampValue,
  StatementType,
} from '@duckdb/node-api';
import { invalidInput } from '@flyball/api';
import type { AnalyticsColumn, AnalyticsSession, AnalyticsValue, Transformation, WrittenParquet } from './analytics.ts';
import { quoteIdentifier, quoteLiteral } from './analytics.ts';
import { readColumns } from './duckdb-columns.ts';
import { type FailedJob, translateDuckdbError } from './duckdb-error.ts';
import { readRows } from './duckdb-rows.ts';
import { transformRows } from './duckdb-transform.ts';
import { checkLength, checkSelect, type ParsedSql } from './select-check.ts';

const READS: ReadonlySet<StatementType> = new Set([StatementType.SELECT, StatementType.EXPLAIN]);

// COPY and ATTACH are missing on purpose: attached files are hard links into the object store, and both could write
// through them.
const CHANGES: ReadonlySet<StatementType> = new Set([
  StatementType.ALTER,
  StatementType.ANALYZE,
  StatementType.CREATE,
  StatementType.CREATE_FUNC,
  StatementType.DELETE,
  StatementType.DROP,
  StatementType.INSERT,
  StatementType.MERGE_INTO,
  StatementType.SELECT,
  StatementType.TRANSACTION,
  StatementType.UPDATE,
]);

const FILE_NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/;

// An interrupt that arrives just before a statement starts is lost, so it is repeated until the statement has ended.
const INTERRUPT_EVERY_MS = 20;

export class DuckdbSession implements AnalyticsSession {
  readonly scratch: string;
  readonly #connection: DuckDBConnection;
  readonly #connect: () => Promise<DuckDBConnection>;
  readonly #job: FailedJob;
  readonly #stop: AbortSignal;
  #last: Promise<unknown> = Promise.resolve();

  constructor(
    connection: DuckDBConnection,
    job: FailedJob,
    stop: AbortSignal,
    /** Another connection to the same tables. */
    connect: () => Promise<DuckDBConnection>,
  ) {
    this.scratch = job.scratch;
    this.#connection = connection;
    this.#connect = connect;
    this.#job = job;
    this.#stop = stop;
  }

  async attach(name: string, path: string): Promise<string> {
    const target = this.#file(name);
    // A link to a symbolic link would lead out of the sandbox and be refused there.
    const source = await realpath(path);
    try {
      await link(source, target);
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? error.code : undefined;
      if (code === 'EEXIST') throw invalidInput(`A file called "${name}" is attached already`);
      if (code !== 'EXDEV' && code !== 'EPERM' && code !== 'EMLINK') throw error;
      await copyFile(source, target, constants.COPYFILE_FICLONE);
    }
    return target;
  }

  rows(sql: string, params: readonly AnalyticsValue[] = []): Promise<Record<string, unknown>[]> {
    return this.#query(sql, params, READS, readRows);
  }

  columns(
    sql: string,
    params: readonly AnalyticsValue[] = [],
  ): Promise<{ rowCount: number; columns: AnalyticsColumn[] }> {
    return this.#query(sql, params, READS, readColumns);
  }

  async execute(sql: string, params: readonly AnalyticsValue[] = []): Promise<void> {
    await this.#query(sql, params, CHANGES, readRows);
  }

  transform(sql: string, table: { name: string; columns: readonly string[] }, work: Transformation): Promise<void> {
    return this.#inTurn(async () => {
      const statement = await this.#prepare(sql, new Set([StatementType.SELECT]));
      // A connection has one open result at a time, and here rows come and go together.
      const writing = await this.#connect();
      try {
        const columns = table.columns.map((name) => `${quoteIdentifier(name)} DOUBLE`).join(', ');
        await writing.run(`CREATE TABLE ${quoteIdentifier(table.name)} (${columns})`);
        const appender = await writing.createAppender(table.name);
        await transformRows(await statement.stream(), appender, table.columns.length, work);
      } finally {
        writing.closeSync();
        statement.destroySync();
      }
    });
  }

  async copyToParquet(sql: string, fileName: string): Promise<WrittenParquet> {
    const path = this.#file(fileName);
    return this.#inTurn(async () => {
      // Proves that the text is a whole SELECT, so that it cannot close the bracket below and go on by itself.
      (await this.#prepare(sql, new Set([StatementType.SELECT]))).destroySync();
      const options = 'FORMAT parquet, COMPRESSION zstd, RETURN_STATS';
      const [row] = await readRows(await this.#connection.run(`COPY (${sql}\n) TO ${quoteLiteral(path)} (${options})`));
      return writtenParquet(path, row!);
    });
  }

  async userSelect(sql: string): Promise<void> {
    checkLength(sql);
    const [row] = await this.rows('SELECT json_serialize_sql($1::VARCHAR) AS parsed', [sql]);
    checkSelect(JSON.parse(String(row?.['parsed'])) as ParsedSql);
  }

  /** Waits for a statement that the work started and did not wait for. */
  async settle(): Promise<void> {
    await this.#last.catch(() => undefined);
  }

  #file(name: string): string {
    if (!FILE_NAME.test(name)) {
      throw invalidInput(`"${name}" is not a plain file name of letters, digits, ".", "_" and "-"`);
    }
    return join(this.scratch, name);
  }

  #query<T>(
    sql: string,
    params: readonly AnalyticsValue[],
    allowed: ReadonlySet<StatementType>,
    read: (result: DuckDBResult) => Promise<T>,
  ): Promise<T> {
    return this.#inTurn(async () => {
      const statement = await this.#prepare(sql, allowed);
      try {
        for (const [index, value] of params.entries()) bind(statement, index + 1, value);
        return await read(await statement.stream());
      } finally {
        statement.destroySync();
      }
    });
  }

  async #prepare(sql: string, allowed: ReadonlySet<StatementType>): Promise<DuckDBPreparedStatement> {
    if (sql.trim() === '') throw invalidInput('The SQL text is empty');
    const statements = await this.#connection.extractStatements(sql);
    if (statements.count !== 1) throw invalidInput(`Expected one SQL statement, not ${statements.count}`);
    const statement = await statements.prepare(0);
    if (allowed.has(statement.statementType)) return statement;
    const kind = StatementType[statement.statementType];
    statement.destroySync();
    throw invalidInput(`A statement of the kind ${kind} is not allowed here`);
  }

  /** A connection has one open result at a time, so statements of one session wait for each other. */
  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#last.catch(() => undefined).then(() => this.#interruptibly(work));
    this.#last = turn;
    return turn;
  }

  async #interruptibly<T>(work: () => Promise<T>): Promise<T> {
    this.#stop.throwIfAborted();
    let timer: NodeJS.Timeout | undefined;
    const interrupt = () => {
      this.#connection.interrupt();
      timer = setTimeout(interrupt, INTERRUPT_EVERY_MS);
    };
    this.#stop.addEventListener('abort', interrupt, { once: true });
    try {
      return await work();
    } catch (error) {
      this.#stop.throwIfAborted();
      throw translateDuckdbError(error, this.#job);
    } finally {
      this.#stop.removeEventListener('abort', interrupt);
      clearTimeout(timer);
    }
  }
}

interface Entry<T> {
  readonly key: string;
  readonly value: T;
}

/** Reads what COPY tells with RETURN_STATS; the names of columns are quoted there. */
function writtenParquet(path: string, row: Record<string, unknown>): WrittenParquet {
  const columns = (row['column_statistics'] ?? []) as readonly Entry<readonly Entry<string>[]>[];
  return {
    path,
    rowCount: Number(row['count']),
    range(column) {
      const statistics = columns.find(({ key }) => key === quoteIdentifier(column))?.value ?? [];
      const [min, max] = ['min', 'max'].map((name) => statistics.find(({ key }) => key === name)?.value);
      return min === undefined || max === undefined ? null : { min, max };
    },
  };
}

function bind(statement: DuckDBPreparedStatement, index: number, value: AnalyticsValue): void {
  if (value === null) statement.bindNull(index);
  else if (typeof value === 'string') statement.bindVarchar(index, value);
  else if (typeof value === 'boolean') statement.bindBoolean(index, value);
  else if (typeof value === 'bigint') statement.bindValue(index, value);
  else if (typeof value === 'number') {
    if (Number.isSafeInteger(value) && !Object.is(value, -0)) statement.bindBigInt(index, BigInt(value));
    else statement.bindDouble(index, value);
  } else {
    const time = value.getTime();
    if (Number.isNaN(time)) throw invalidInput(`Parameter ${index} is not a valid date`);
    statement.bindTimestamp(index, new DuckDBTimestampValue(BigInt(time) * 1000n));
  }
}
