/** A database file on this machine. */
export interface SqliteDsn {
  readonly kind: 'sqlite'
  /** As written; relative to the project's folder. */
  readonly file: string
}

/** A MySQL or MariaDB server, as Open-Falcon's Go files name it. */
export interface MysqlDsn {
  readonly kind: 'mysql'
  readonly user: string
  readonly password: string
  /** Where to connect: a host and port, or a unix socket. */
  readonly address: { readonly host: string; readonly port: number } | { readonly socketPath: string }
  /** Empty when none was named. */
  readonly database: string
  /** Milliseconds, from `timeout=5s`; undefined when not given. */
  readonly connectTimeoutMs: number | undefined
  /** From `tls=`: `verify` for true, `unverified` for skip-verify and preferred. */
  readonly tls: 'off' | 'verify' | 'unverified'
}

/**
 * Reads `sqlite:<file>` or a Go DSN, `[user[:password]@][tcp(host:port)|unix(path)]/database[?name=value&…]`.
 * The password may hold any character, also `@`, `:` and `/`, since the last `/` and the last `@` before it count.
 * `loc`, `parseTime`, `charset` and other parameters of the Go driver have no meaning here and are passed over.
 * @throws Error naming what is wrong; the text is shown with its password masked.
 */
export function parseDsn(text: string): SqliteDsn | MysqlDsn {
  if (text.startsWith('sqlite:')) {
    const file = text.slice('sqlite:'.length)
    if (file === '') throw new Error('Cannot open database "sqlite:": it names no file')
    return { kind: 'sqlite', file }
  }
  const slash = text.lastIndexOf('/')
  if (slash < 0) throw refused(text, 'it is neither sqlite:<file> nor user:password@tcp(host:port)/database')
  const [database, parameters] = splitOnce(text.slice(slash + 1), '?')
  const front = text.slice(0, slash)
  const at = front.lastIndexOf('@')
  const [user, password] = splitOnce(at < 0 ? '' : front.slice(0, at), ':')
  const query = new URLSearchParams(parameters)
  return {
    kind: 'mysql',
    user,
    password,
    address: parseAddress(front.slice(at + 1), text),
    database: unescaped(database),
    connectTimeoutMs: parseDuration(query.get('timeout'), text),
    tls: parseTls(query.get('tls')),
  }
}

function parseAddress(text: string, dsn: string): MysqlDsn['address'] {
  const match = /^([a-z]*)(?:\((.*)\))?$/i.exec(text)
  if (!match) throw refused(dsn, `its address ${JSON.stringify(text)} is not tcp(host:port) or unix(path)`)
  const [, protocol = '', inside = ''] = match
  if (protocol === 'unix') return { socketPath: inside === '' ? '/tmp/mysql.sock' : inside }
  if (protocol !== 'tcp' && protocol !== '')
    throw refused(dsn, `its protocol ${JSON.stringify(protocol)} is not tcp or unix`)
  const [, v6, host, port] = /^(?:\[([^\]]*)\]|([^:]*))(?::(\d{1,5}))?$/.exec(inside) ?? []
  if (v6 === undefined && host === undefined)
    throw refused(dsn, `its address ${JSON.stringify(inside)} is not host:port`)
  return {
    host: v6 ?? (host === '' || host === undefined ? '127.0.0.1' : host),
    port: port === undefined ? 3306 : Number(port),
  }
}

const unitMs: Record<string, number> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 }

/** As Go writes durations: `5s`, `1m30s`, `500ms`. */
function parseDuration(text: string | null, dsn: string): number | undefined {
  if (text === null) return undefined
  if (!/^(?:\d+(?:\.\d+)?(?:ms|s|m|h))+$/.test(text))
    throw refused(dsn, `its timeout ${JSON.stringify(text)} is not a duration such as 5s`)
  const parts = text.matchAll(/([\d.]+)([a-z]+)/g)
  return [...parts].reduce((sum, [, amount, unit]) => sum + Number(amount) * (unitMs[unit ?? ''] ?? 0), 0)
}

/** A `%` that begins no escape stands for itself. */
function unescaped(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

function parseTls(text: string | null): MysqlDsn['tls'] {
  if (text === null || text === 'false' || text === '') return 'off'
  return text === 'true' ? 'verify' : 'unverified'
}

/** How a database is named in messages: everything of the DSN but password and parameters. */
export function displayName(dsn: SqliteDsn | MysqlDsn): string {
  if (dsn.kind === 'sqlite') return dsn.file
  const where = 'host' in dsn.address ? `${dsn.address.host}:${dsn.address.port}` : dsn.address.socketPath
  return `${dsn.user}@${where}/${dsn.database}`
}

function refused(dsn: string, why: string): Error {
  return new Error(`Cannot open database ${JSON.stringify(masked(dsn))}: ${why}`)
}

function masked(dsn: string): string {
  const at = dsn.lastIndexOf('@')
  const colon = dsn.indexOf(':')
  if (at < 0) return colon < 0 ? dsn : `${dsn.slice(0, colon)}:***`
  return colon < 0 || colon > at ? dsn : `${dsn.slice(0, colon)}:***${dsn.slice(at)}`
}

function splitOnce(text: string, separator: string): [string, string] {
  const at = text.indexOf(separator)
  return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + separator.length)]
}
