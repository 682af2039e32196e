import { timingSafeEqual } from 'node:crypto'

/** Who may change or run something: loopback always, listed addresses, and whoever shows the token. */
export interface Trust {
  /** Addresses without port, as hbs' `trustable` and the agents' `TrustableIps` give them. */
  readonly addresses: readonly string[]
  /** Sent as `Authorization: Bearer …` or `X-Falcon-Token: …`. Absent or empty: no token is accepted. */
  readonly token?: string | undefined
}

export function isLoopback(address: string | undefined): boolean {
  if (address === undefined) return false
  return address === '::1' || address.startsWith('127.') || address.startsWith('::ffff:127.')
}

export function isTrusted(address: string | undefined, trust: Trust): boolean {
  if (isLoopback(address)) return true
  if (address === undefined) return false
  const plain = address.startsWith('::ffff:') ? address.slice('::ffff:'.length) : address
  return trust.addresses.includes(plain)
}

/** Whether a request may use a route that changes or runs something, or that tells what only operators should read. */
export function mayChange(
  request: { address: string | undefined; headers: Record<string, string | string[] | undefined> },
  trust: Trust,
): boolean {
  return isTrusted(request.address, trust) || showsToken(request.headers, trust.token)
}

function showsToken(headers: Record<string, string | string[] | undefined>, token: string | undefined): boolean {
  if (token === undefined || token === '') return false
  const bearer = /^Bearer (.+)$/i.exec(String(headers['authorization'] ?? ''))?.[1]
  return isToken(bearer ?? String(headers['x-falcon-token'] ?? ''), token)
}

/** Whether this is the token; how long it takes does not tell how much of it is right. */
export function isToken(shown: string, token: string): boolean {
  const [given, expected] = [Buffer.from(shown), Buffer.from(token)]
  return given.length === expected.length && timingSafeEqual(given, expected)
}
