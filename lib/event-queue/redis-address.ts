export interface RedisAddress {
  readonly host: string
  readonly port: number
  readonly username?: string
  readonly password?: string
  readonly db?: number
  /** Present for `rediss://`. */
  readonly tls?: Record<string, never>
}

/**
 * Reads `host:port` as Open-Falcon writes it, or `redis://[user:password@]host[:port][/db]` (`rediss://` with TLS).
 * @throws Error naming what is wrong, without the password.
 */
export function parseRedisAddress(text: string): RedisAddress {
  const plain = /^(?:\[([^\]]+)\]|([^:/@]+)):(\d{1,5})$/.exec(text)
  if (plain) return { host: plain[1] ?? plain[2] ?? '', port: Number(plain[3]) }
  let url: URL
  try {
    url = new URL(text)
  } catch (error) {
    throw new Error('Cannot open the event queue: the redis dsn is neither host:port nor a redis:// URL', {
      cause: error,
    })
  }
  if (url.protocol !== 'redis:' && url.protocol !== 'rediss:')
    throw new Error(`Cannot open the event queue: the redis dsn begins with ${url.protocol}// instead of redis://`)
  const db = url.pathname.replace(/^\//, '')
  return {
    host: url.hostname.replaceAll(/^\[|\]$/g, ''),
    port: url.port === '' ? 6379 : Number(url.port),
    ...(url.username === '' ? {} : { username: decodeURIComponent(url.username) }),
    ...(url.password === '' ? {} : { password: decodeURIComponent(url.password) }),
    ...(db === '' ? {} : { db: Number(db) }),
    ...(url.protocol === 'rediss:' ? { tls: {} } : {}),
  }
}
