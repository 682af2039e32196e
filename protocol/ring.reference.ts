import HashRing from 'hashring'
import { crc32 } from './crc32.ts'
import { compareBytes } from './tags.ts'

/** The parts of hashring that its types leave out. */
interface Ring extends HashRing {
  ring: { value: number; server: string }[]
  size: number
  cache: unknown
}

/**
 * The ring as the package hashring makes it, told to place keys as Open-Falcon does. The tests hold our own ring
 * against it; it answers a node for each key, with none of our code but the checksum.
 */
export function createReferenceRing(nodes: readonly string[], replicas: number): (key: string) => string {
  const sorted = [...new Set(nodes)].toSorted(compareBytes)
  let building = true
  const hash = (text: string): string => {
    const at = text.lastIndexOf('-')
    // The package names a point `node-3` where Open-Falcon says `3node`, and looks for a point that is not smaller
    // than a key where Open-Falcon looks for one that is larger.
    const code = building ? crc32(text.slice(at + 1) + text.slice(0, at)) : crc32(text) + 1
    return String.fromCharCode(code & 255, (code >>> 8) & 255, (code >>> 16) & 255, (code >>> 24) & 255)
  }
  const servers = Object.fromEntries(sorted.map((node) => [node, { vnodes: replicas }]))
  // A default count that no server has, or the package recomputes it and loses points to rounding.
  const ring = new HashRing(servers, hash, { replicas: 1, 'vnode count': replicas + 1 }) as Ring
  building = false
  // Of two nodes on one point Open-Falcon keeps the one added last, the package both.
  ring.ring = ring.ring.filter((point, i) => point.value !== ring.ring[i + 1]?.value)
  ring.size = ring.ring.length
  ring.cache = { get: () => undefined, set: () => undefined }
  return (key) => ring.get(key)
}
