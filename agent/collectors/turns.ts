import { setImmediate } from 'node:timers/promises'

/**
 * What `work` makes of each part of `items`, `size` of them at a time; between two parts others get their turn, so that a
 * host with thousands of something answers people all the same.
 */
export async function inTurns<Item, Result>(
  items: readonly Item[],
  size: number,
  work: (part: readonly Item[]) => readonly Result[] | Promise<readonly Result[]>,
): Promise<Result[]> {
  if (items.length <= size) return [...(await work(items))]
  const results: Result[] = []
  for (let at = 0; at < items.length; at += size) {
    if (at > 0) await setImmediate()
    for (const result of await work(items.slice(at, at + size))) results.push(result)
  }
  return results
}
