import { connect } from 'node:net'
import { parseListen } from '#lib/address'

/**
 * The address this host has towards hbs: a connection is opened and closed again, as Open-Falcon's agent does.
 * Undefined when none of the peers (`host:port`) takes a connection in time.
 */
export async function learnOwnAddress(peers: readonly string[], timeoutMs: number): Promise<string | undefined> {
  for (const peer of peers) {
    const address = await localAddressTowards(peer, timeoutMs)
    if (address !== undefined) return address
  }
  return undefined
}

function localAddressTowards(peer: string, timeoutMs: number): Promise<string | undefined> {
  const target = parseListen(peer)
  if (!target) return Promise.resolve(undefined)
  return new Promise((resolve) => {
    const socket = connect({ host: target.host === '' ? '127.0.0.1' : target.host, port: target.port })
    const end = (address: string | undefined) => {
      clearTimeout(timer)
      socket.destroy()
      resolve(address?.replace(/^::ffff:/, ''))
    }
    const timer = setTimeout(() => end(undefined), timeoutMs)
    socket.on('connect', () => end(socket.localAddress))
    socket.on('error', () => end(undefined))
  })
}
