/**
 * Finds numbers by a hash of what they stand for; the caller compares. Four to twelve bytes a number, none of them on the
 * heap of objects. To look at all numbers with a hash, start at `slotOf(hash)` and go on with `after` until `at` is -1.
 */
export interface HashTable {
  slotOf(hash: number): number
  after(slot: number): number
  /** The number in a slot, -1 for none. */
  at(slot: number): number
  add(hash: number, number: number): void
  /** Takes out the number in a slot; others may move to other slots. */
  removeAt(slot: number): void
}

/** Slots in use before the table doubles. */
const fullest = 0.7

/** `hashOf` gives the hash of a number that was added, as it was then. */
export function createHashTable(hashOf: (number: number) => number): HashTable {
  /** Number + 1; 0 in free slots, so that memory which was never used costs none. */
  let slots = new Uint32Array(1024)
  let mask = slots.length - 1
  let size = 0

  function put(hash: number, number: number): void {
    let slot = spread(hash) & mask
    while (slots[slot] !== 0) slot = (slot + 1) & mask
    slots[slot] = number + 1
  }

  function grow(): void {
    const old = slots
    slots = new Uint32Array(2 * old.length)
    mask = slots.length - 1
    for (const held of old) if (held !== 0) put(hashOf(held - 1), held - 1)
  }

  return {
    slotOf: (hash) => spread(hash) & mask,
    after: (slot) => (slot + 1) & mask,
    at: (slot) => (slots[slot] ?? 0) - 1,
    add(hash, number) {
      if (++size > fullest * slots.length) grow()
      put(hash, number)
    },
    removeAt(slot) {
      size--
      // Whatever follows without a gap and belongs at or before the hole moves into it, so that no search ends early.
      let hole = slot
      for (let next = (hole + 1) & mask; slots[next] !== 0; next = (next + 1) & mask) {
        const home = spread(hashOf((slots[next] ?? 0) - 1)) & mask
        if (((next - home) & mask) < ((next - hole) & mask)) continue
        slots[hole] = slots[next] ?? 0
        hole = next
      }
      slots[hole] = 0
    },
  }
}

/** Mixes the bits of a hash, so that its low ones depend on all. */
function spread(hash: number): number {
  let mixed = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35)
  return (mixed ^ (mixed >>> 16)) >>> 0
}
