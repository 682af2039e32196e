import { connect } from 'node:net'
import type { Socket } from 'node:net'
import type { IpVersion, Names } from '../host/names.ts'

/** A connection to the first address of the host that takes one. Rejects with why there is none, also when aborted. */
export function connectTo(
  to: { readonly host: string; readonly port: number; readonly version?: IpVersion | undefined },
  limits: { readonly names: Names; readonly timeoutMs: number; readonly signal: AbortSignal },
): Promise<Socket> {
  const { names, timeoutMs, signal } = limits
  return new Promise((resolve, reject) => {
    const lookup = names.lookup(timeoutMs, to.version)
    const socket = connect({ host: to.host, port: to.port, lookup, autoSelectFamily: true, signal })
    // It stays: who gets the socket may be done with it when the peer breaks off.
    socket.on('error', reject)
    socket.once('connect', () => resolve(socket))
  })
}

/** A sentence of an error of the network; of one for each address there may be several. */
export function reasonOf(error: unknown, signal: AbortSignal, timeoutMs: number): string {
  if (signal.aborted) return `no answer in ${timeoutMs / 1000} s`
  if (error instanceof AggregateError && error.errors.length > 0)
    return [...new Set(error.errors.map((each) => (each as Error).message))].join('; ')
  return (error as Error).message
}
