import { mayChange } from '#lib/http'
import type { Trust } from '#lib/http'
import { text } from './answer.ts'
import type { Answer } from './answer.ts'
import type { AgentRequest, Handler } from './server.ts'

/**
 * Whether a request may change or run something on this host: from 127.0.0.1 or ::1, from a trusted address, or with
 * the token; and never because some web page made a browser on this host send it.
 */
export function isAllowed(request: Pick<AgentRequest, 'address' | 'headers'>, trust: Trust): boolean {
  if (isFromForeignPage(request.headers)) return false
  return mayChange({ address: plainLoopbackOnly(request.address, trust), headers: request.headers }, trust)
}

/** A route for those who are allowed; others read `no privilege`, with the status Open-Falcon's agent gives it on that route. */
export function guarded(trust: () => Trust, statusForOthers: 200 | 403, handler: Handler): Handler {
  return (request) => (isAllowed(request, trust()) ? handler(request) : noPrivilege(statusForOthers))
}

export function noPrivilege(status: 200 | 403): Answer {
  return text('no privilege', status)
}

/** Falcon: of the loopback network only the address itself is trusted unseen; 127.0.0.2 has to be listed like any other. */
function plainLoopbackOnly(address: string | undefined, trust: Trust): string | undefined {
  const plain = address?.replace(/^::ffff:/, '')
  if (plain === undefined || !plain.startsWith('127.') || plain === '127.0.0.1') return plain
  return trust.addresses.includes(plain) ? plain : undefined
}

/** Browsers say where a request comes from; scripts and curl say nothing. */
function isFromForeignPage(headers: AgentRequest['headers']): boolean {
  const site = headers['sec-fetch-site']
  if (site !== undefined) return site !== 'same-origin' && site !== 'none'
  const { origin, host } = headers
  return origin !== undefined && origin.replace(/^https?:\/\//, '') !== host
}
