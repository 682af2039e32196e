export { applySchema } from './apply-schema.ts'
export { consistentRead } from './consistent-read.ts'
export { openDatabase } from './database.ts'
export type { Database, DatabaseOptions } from './database.ts'
export { DatabaseError } from './database-error.ts'
export type {
  ActionTable,
  ExpressionTable,
  GroupTable,
  HostTable,
  PluginDirTable,
  StrategyTable,
  Tables,
  TemplateTable,
} from './tables.ts'
export { insertOrUpdate } from './upsert.ts'
export { runStatement } from './statement.ts'
export type { StatementResult } from './statement.ts'
