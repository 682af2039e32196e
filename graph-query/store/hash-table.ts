/**
 * Finds numbers by a hash of what they stand for; the caller compares. Twelve to twenty-three bytes a number, none of
 * them on the heap of objects. To look at all numbers with a hash, start at `first` and go on with `next`.
 */
export interface HashTable {
  /** The slot of a number with this hash, -1 when there is none. */
  first(hash: number): number
  next(slot: number, hash: number): number
  at(slot: number): number
  add(hash: number, number: number): void
  /** Takes out the number in a slot; others may move to other slots. */
  removeAt(slot: number): void
}

/** Slots in use before the table doubles. */
const fullest = 0.7

/** `expected` numbers go in without growing. */
export function createHashTable(expected = 0): HashTable {
  let mask = 1023
  while (expected > fullest * (mask + 1)) mask = 2 * mask + 1
  /** Two words a slot: the number + 1, which is 0 in free slots; the mixed hash, which begins the search at its low bits. */
  let words = new Uint32Array(2 * (mask + 1))
  let size = 0

  function seek(from: number, mixed: number): number {
    for (let slot = from & mask; words[2 * slot] !== 0; slot = (slot + 1) & mask)
      if (words[2 * slot + 1] === mixed) return slot
    return -1
  }

  function put(held: number, mixed: number): void {
    let slot = mixed & mask
    while (words[2 * slot] !== 0) slot = (slot + 1) & mask
    words[2 * slot] = held
    words[2 * slot + 1] = mixed
  }

  function grow(): void {
    const old = words
    words = new Uint32Array(2 * old.length)
    mask = 2 * mask + 1
    for (let i = 0; i < old.length; i += 2) if (old[i] !== 0) put(old[i] ?? 0, old[i + 1] ?? 0)
  }

  return {
    first(hash) {
      const mixed = mix(hash)
      return seek(mixed, mixed)
    },
    next: (slot, hash) => seek(slot + 1, mix(hash)),
    at: (slot) => (words[2 * slot] ?? 0) - 1,
    add(hash, number) {
      if (++size > fullest * (mask + 1)) grow()
      put(number + 1, mix(hash))
    },
    removeAt(slot) {
      size--
      // Whatever follows without a gap and belongs at or before the hole moves into it, so that no search ends early.
      let hole = slot
      for (let from = (hole + 1) & mask; words[2 * from] !== 0; from = (from + 1) & mask) {
        const home = (words[2 * from + 1] ?? 0) & mask
        if (((from - home) & mask) < ((from - hole) & mask)) continue
        words[2 * hole] = words[2 * from] ?? 0
        words[2 * hole + 1] = words[2 * from + 1] ?? 0
        hole = from
      }
      words[2 * hole] = 0
    },
  }
}

/** Mixes the bits of a hash, so that its low ones depend on all. */
function mix(hash: number): number {
  let mixed = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35)
  return (mixed ^ (mixed >>> 16)) >>> 0
}
