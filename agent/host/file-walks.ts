import type { At } from './below-root.ts'
import type { Places } from './places.ts'
import type { SlowCalls } from './slow-calls.ts'

/** Asks one question of a file system, when there is a place for it. Throws once the time of the walk is up. */
export type Ask = <T>(question: () => Promise<T>) => Promise<T>

/** Questions to files that may lie on something dead: each is asked by `ask`, with the path that `at` makes of one of the host. */
export type FileWalk<T> = (ask: Ask, at: At) => Promise<T>

/**
 * Walks go on side by side, one question of each in turn, so that a long one does not hold up short ones. One of the
 * same name that is under way gives its answer to both.
 */
export function createFileWalks(
  walks: SlowCalls,
  places: Places,
  paths: () => At = () => (path) => path,
): <T>(name: string, deadlineMs: number, walk: FileWalk<T>) => Promise<T> {
  return (name, deadlineMs, walk) =>
    walks.run(name, deadlineMs, (signal) => {
      const ask: Ask = (question) =>
        places.use(async () => {
          signal.throwIfAborted()
          return await question()
        })
      return walk(ask, paths())
    })
}
