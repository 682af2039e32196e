import type { FastifyRequest } from 'fastify'
import { mayChange } from '#lib/http'
import type { Trust } from '#lib/http'

/** Why a request may not read or delete, undefined when it may. The texts are those that existing clients know. */
export function refusalFor(request: FastifyRequest, trust: Trust): string | undefined {
  const { headers } = request
  const address = request.socket.remoteAddress
  if (mayChange({ address, headers }, trust)) return undefined
  const shown = headers['apitoken']
  if (shown === undefined) return 'token key is not set'
  const sig = sigOf(String(shown))
  const authorization = { authorization: `Bearer ${sig ?? ''}` }
  return sig !== undefined && mayChange({ address, headers: authorization }, trust) ? undefined : 'not authorized'
}

/** Falcon: `Apitoken: {"name":"…","sig":"…"}`; the token passes as the sig of any name. */
function sigOf(header: string): string | undefined {
  try {
    const { sig } = JSON.parse(header) as { sig?: unknown }
    return typeof sig === 'string' ? sig : undefined
  } catch {
    return undefined // Not JSON: then it shows no token.
  }
}
