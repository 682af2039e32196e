import { readlink } from 'node:fs/promises'
import { join } from 'node:path'

/** As Linux: more links than this on one way are a circle. */
const mostLinks = 40

/** Where a path of the watched host is on this one. */
export type At = (path: string) => string | Promise<string>

/**
 * Paths below the root of a host that is mounted into this container. Links are followed as on that host: an absolute one
 * begins at its root, not at ours, and none leads out of it. What it learns about folders it keeps, so make one a walk.
 */
export function createBelowRoot(root: string): At {
  if (root === '/') return (path) => path
  const folders = new Map<string, Promise<string[]>>()

  /** Where `parts` lead from a folder that has no link on its way. */
  async function follow(parts: readonly string[], from: readonly string[], path: string): Promise<string[]> {
    let ahead = parts
    const real = [...from]
    for (let links = 0; ahead.length > 0;) {
      const [part = '', ...rest] = ahead
      ahead = rest
      if (part === '..') real.pop()
      else {
        const link = await linkAt(join(root, ...real, part))
        if (link === undefined) real.push(part)
        else if (++links > mostLinks) throw new Error(`Cannot find ${path}: its links lead in a circle`)
        else {
          if (link.startsWith('/')) real.length = 0
          ahead = [...partsOf(link), ...rest]
        }
      }
    }
    return real
  }

  return async (path) => {
    const parts = partsOf(path)
    const above = parts.slice(0, -1)
    const folder = above.join('/')
    const known = folders.get(folder) ?? follow(above, [], path)
    folders.set(folder, known)
    return join(root, ...(await follow(parts.slice(-1), await known, path)))
  }
}

function partsOf(path: string): string[] {
  return path.split('/').filter((part) => part !== '' && part !== '.')
}

/** What a link says; undefined for what is none, and for what whoever asks for the file itself will be told is wrong. */
async function linkAt(place: string): Promise<string | undefined> {
  try {
    return await readlink(place)
  } catch {
    return undefined
  }
}
