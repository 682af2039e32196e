import { get } from 'node:http'
import { parseListen } from '#lib/address'
import type { AgentConfig } from '../config.ts'

const answerWithinMs = 5000

export type AgentAnswer =
  | { readonly outcome: 'answered'; readonly body: string }
  /** Nobody listens there. */
  | { readonly outcome: 'not running' }
  /** Whether it runs cannot be told from here. */
  | { readonly outcome: 'unknown'; readonly reason: string }

/** Asks the agent of this host, on the HTTP port that its configuration names. */
export function askAgent({ http }: Pick<AgentConfig, 'http'>, path: string): Promise<AgentAnswer> {
  const address = parseListen(http.listen)
  if (!http.enabled || !address)
    return Promise.resolve({ outcome: 'unknown', reason: 'its HTTP port is switched off (http.enabled, http.listen)' })
  const everywhere = ['', '0.0.0.0', '::'].includes(address.host)
  const host = everywhere ? '127.0.0.1' : address.host
  return new Promise((resolve) => {
    const unknown = (reason: string) => resolve({ outcome: 'unknown', reason })
    const signal = AbortSignal.timeout(answerWithinMs)
    const request = get({ host, port: address.port, path, agent: false, signal }, (response) => {
      let body = ''
      response.setEncoding('utf8').on('data', (part: string) => (body += part))
      response.on('error', (error) => unknown(error.message))
      response.on('end', () => {
        if (response.statusCode === 200) resolve({ outcome: 'answered', body })
        else unknown(`${host}:${address.port} answers ${path} with ${response.statusCode}`)
      })
    })
    request.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ECONNREFUSED') resolve({ outcome: 'not running' })
      else if (signal.aborted) unknown(`${host}:${address.port} does not answer within ${answerWithinMs / 1000} s`)
      else unknown(error.message)
    })
  })
}
