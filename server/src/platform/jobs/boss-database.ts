import type { Db } from 'pg-boss';
import type { Database } from '../database/database.ts';

/** Lets pg-boss use the program's connections, and its one connection that listens. */
export function bossDatabase(database: Database): Db {
  return {
    executeSql: (text, values) => database.pool.query(text, values),
    async listen(channel, onNotification, onReconnect) {
      const unlisten = await database.listen(channel, onNotification);
      const forget = database.onReconnect(onReconnect);
      onReconnect();
      return {
        async close() {
          forget();
          await unlisten();
        },
      };
    },
  };
}
