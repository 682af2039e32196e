import { readdir, realpath, stat } from 'node:fs/promises'
import { join, posix, sep } from 'node:path'
import { commandFor, isWindows } from './command.ts'

/** One script to run. Member names and their order are those of `/plugins`. */
export interface Plugin {
  /** Below the plugin directory, as it was bound. */
  readonly FilePath: string
  /** Unix seconds of the file's last change. */
  readonly MTime: number
  /** Seconds between two runs. */
  readonly Cycle: number
  /** As bound, undivided. */
  readonly Args: string
}

/** An entry that gives nothing to run, and why. */
export interface PlanProblem {
  readonly entry: string
  readonly reason: string
}

export interface Plan {
  /** By key: the path for what a bound directory holds, `path(args)` for what is bound itself, even without arguments. */
  readonly plugins: ReadonlyMap<string, Plugin>
  readonly problems: readonly PlanProblem[]
}

/**
 * What the entries bound to this host ask for: a directory, a file, or `file(args)`, all below `dir`.
 * Open-Falcon's rules: a directory gives its direct children named `<seconds>_<rest>`, but not those that are also
 * bound themselves; a bound file needs the seconds before its first `_`. Ours: nothing outside `dir` is run, whether
 * reached by `..` or by a link. On Windows a backslash divides folders too, case does not count, and files that it
 * cannot start are left out.
 */
export async function planPlugins(dir: string, entries: readonly string[], onWindows = isWindows): Promise<Plan> {
  const plugins = new Map<string, Plugin>()
  const problems: PlanProblem[] = []
  const root = await realpath(dir).catch(() => undefined)
  if (root === undefined) {
    return { plugins, problems: entries.map((entry) => ({ entry, reason: `the plugin directory ${dir} is missing` })) }
  }
  const directories: { entry: string; path: string }[] = []
  const boundThemselves = new Set<string>()
  const sameFile = (path: string) => (onWindows ? path.toLowerCase() : path)

  for (const entry of entries) {
    const [bound, args] = divide(entry)
    const path = onWindows ? bound.replaceAll('\\', '/') : bound
    const found = await look(root, path)
    if (typeof found === 'string') problems.push({ entry, reason: found })
    else if (found.isDirectory) directories.push({ entry, path })
    else {
      boundThemselves.add(sameFile(path))
      const cycle = cycleOf(path.slice(path.lastIndexOf('/') + 1), 1)
      const command = commandFor(path, [], onWindows)
      if (cycle === undefined) problems.push({ entry, reason: 'its name does not begin with the seconds of its cycle' })
      else if (!command.ok) problems.push({ entry, reason: command.reason })
      else plugins.set(`${path}(${args})`, { FilePath: path, MTime: found.mtime, Cycle: cycle, Args: args })
    }
  }
  for (const { entry, path } of directories) {
    const folder = path.replace(/^\/+|\/+$/g, '')
    // Falcon: the plugin directory itself cannot be bound.
    if (folder === '') continue
    const names = await readdir(join(root, folder)).catch((error: Error) => error)
    if (names instanceof Error) problems.push({ entry, reason: names.message })
    for (const name of names instanceof Error ? [] : names) {
      const cycle = cycleOf(name, 2)
      const child = posix.join(folder, name)
      if (cycle === undefined || boundThemselves.has(sameFile(child))) continue
      // A repository may serve both systems.
      if (!commandFor(child, [], onWindows).ok) continue
      const found = await look(root, child)
      if (typeof found === 'string') problems.push({ entry: `${entry}: ${name}`, reason: found })
      else if (!found.isDirectory) plugins.set(child, { FilePath: child, MTime: found.mtime, Cycle: cycle, Args: '' })
    }
  }
  return { plugins, problems }
}

/** `path(args)` → path and args; args are empty without parentheses. */
function divide(entry: string): [path: string, args: string] {
  const match = /^(.*)\((.*)\)/.exec(entry)
  return match ? [match[1] ?? '', match[2] ?? ''] : [entry, '']
}

/** Seconds before the first `_` of a name that has at least so many parts; undefined when it has none. */
function cycleOf(name: string, atLeastParts: number): number | undefined {
  const parts = name.split('_')
  if (parts.length < atLeastParts || !/^\+?\d{1,9}$/.test(parts[0] ?? '')) return undefined
  const cycle = Number(parts[0])
  return cycle > 0 ? cycle : undefined
}

/** What is at a path below `root`; a text says why nothing there may be run. */
async function look(root: string, path: string): Promise<{ isDirectory: boolean; mtime: number } | string> {
  const full = join(root, path)
  try {
    const real = await realpath(full)
    if (real !== root && !real.startsWith(root + sep)) return 'it lies outside the plugin directory'
    const found = await stat(real)
    return { isDirectory: found.isDirectory(), mtime: Math.floor(found.mtimeMs / 1000) }
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOENT' ? 'no such file or directory' : (error as Error).message
  }
}
