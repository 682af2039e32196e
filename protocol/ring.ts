import { crc32 } from './crc32.ts'

/** Points a node occupies on the ring unless configured otherwise (Open-Falcon's `replicas`). */
export const defaultReplicas = 500

/** Places keys on nodes exactly as Open-Falcon's transfer does (`vectors/README.md`, "Keys and ring"). */
export interface Ring {
  /** In byte order, each once. */
  readonly nodes: readonly string[]
  /** The node that owns a primary key. */
  nodeOf(key: string): string
  /** Index into `nodes`, from a CRC-32 computed elsewhere. */
  indexOfHash(hash: number): number
}

/** Throws when `nodes` is empty: an empty ring owns nothing. */
export function createRing(nodes: readonly string[], replicas = defaultReplicas): Ring {
  const sorted = [...new Set(nodes)].toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
  if (sorted.length === 0) throw new Error('Cannot build a ring: it has no nodes')
  const ownerOfPoint = new Map<number, number>()
  // Falcon: where two nodes hash onto the same point, the one added last keeps it.
  sorted.forEach((node, index) => {
    for (let i = 0; i < replicas; i++) ownerOfPoint.set(crc32(`${i}${node}`), index)
  })
  const points = Uint32Array.from(ownerOfPoint.keys()).sort()
  const owners = Uint16Array.from(points, (point) => ownerOfPoint.get(point) ?? 0)
  const firstOfBucket = bucketStarts(points)

  function indexOfHash(hash: number): number {
    let i = firstOfBucket[hash >>> bucketShift] ?? 0
    // Falcon: the first point strictly greater than the hash, wrapping to the first.
    while (i < points.length && (points[i] ?? 0) <= hash) i++
    return owners[i === points.length ? 0 : i] ?? 0
  }
  return {
    nodes: sorted,
    indexOfHash,
    nodeOf: (key) => sorted[indexOfHash(crc32(key))] ?? '',
  }
}

const bucketBits = 12
const bucketShift = 32 - bucketBits

/** For each range of hashes, the first point in it: a lookup then walks two or three points. */
function bucketStarts(points: Uint32Array): Uint32Array {
  const starts = new Uint32Array(1 << bucketBits)
  let i = 0
  for (let bucket = 0; bucket < starts.length; bucket++) {
    while (i < points.length && (points[i] ?? 0) < bucket * 2 ** bucketShift) i++
    starts[bucket] = i
  }
  return starts
}
