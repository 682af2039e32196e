/** A statement or connection that failed. The message names the database, never its password. */
export class DatabaseError extends Error {
  override name = 'DatabaseError'
  /** The driver's code, for example `ER_DUP_ENTRY`, `ECONNREFUSED` or `SQLITE_BUSY`; empty when it gave none. */
  readonly code: string

  constructor(database: string, cause: unknown) {
    const why = messageOf(cause)
    super(`Cannot use database ${database}: ${why}`, { cause })
    const code = (cause as { code?: unknown } | null)?.code
    this.code = typeof code === 'string' ? code : ''
  }
}

/** Node's connection failures on several addresses at once come as an AggregateError without a message. */
function messageOf(cause: unknown): string {
  if (cause instanceof AggregateError && cause.message === '') return cause.errors.map(messageOf).join('; ')
  return cause instanceof Error ? cause.message : String(cause)
}
