import { setPlace } from './grid.ts'
import type { Grid } from './grid.ts'
import { openRegistry, readRegistry } from './registry.ts'
import type { BlockReport } from './block-log.ts'
import type { Registry, SeriesRecord } from './registry.ts'
import { createSeriesIndex } from './series-index.ts'
import type { SeriesIndex } from './series-index.ts'
import type { SeriesName } from './types.ts'

/** Every series there is: by number, by name, by place in its grid; and their list on disk. */
export interface Catalog {
  readonly index: SeriesIndex
  readonly size: number
  /** The series' number, new when the name is; undefined when limits allow no more. */
  define(name: SeriesName): number | undefined
  /** The living series that points for this number belong to; a deleted one comes back when it is sent again. */
  living(id: number): CatalogEntry | undefined
  /** The same without bringing anything back. */
  entry(id: number): CatalogEntry | undefined
  wasDeleted(id: number): boolean
  seriesAt(grid: Grid, place: number): SeriesRecord | undefined
  all(): Iterable<SeriesRecord>
  forget(record: SeriesRecord): void
  /** Numbers up to this one are taken, whatever the list says. */
  reserve(id: number): void
  readonly registry: Registry
}

/** A series with the grid that its points are in. */
export interface CatalogEntry extends SeriesRecord {
  readonly grid: Grid
}

export interface CatalogOptions {
  readonly dir: string
  readonly mostSeries: number
  /** The grid of a step; undefined when there are too many already. */
  gridFor(step: number): Grid | undefined
}

/** Reads the list of series and opens it for additions. */
export async function openCatalog(options: CatalogOptions): Promise<{ catalog: Catalog; report: BlockReport }> {
  const index = createSeriesIndex()
  /** By number, with the deleted ones, so that they can come back. */
  const entries: (CatalogEntry | undefined)[] = []
  const alive: boolean[] = []
  const places = new Map<Grid, (SeriesRecord | undefined)[]>()
  /** What a deleted series became when it was sent again. */
  const successors = new Map<number, number>()
  let size = 0
  let nextId = 0

  function enter(record: SeriesRecord): void {
    const grid = options.gridFor(record.step)
    nextId = Math.max(nextId, record.id + 1)
    if (!grid) return
    const { id, kind, step, place } = record
    const { endpoint, counter } = index.namesOf(record)
    const entry: CatalogEntry = { id, endpoint, counter, kind, step, place, grid }
    entries[id] = entry
    alive[id] = true
    setPlace(grid, place, kind)
    const inGrid = places.get(grid) ?? []
    inGrid[place] = entry
    places.set(grid, inGrid)
    index.add(entry)
    size++
  }

  function leave(id: number): void {
    const entry = entries[id]
    if (!entry || !alive[id]) return
    alive[id] = false
    const inGrid = places.get(entry.grid)
    if (inGrid) inGrid[entry.place] = undefined
    setPlace(entry.grid, entry.place, undefined)
    index.remove(entry)
    size--
  }

  const report = readRegistry(options.dir, enter, leave)
  const registry = await openRegistry(options.dir)

  function define(name: SeriesName): number | undefined {
    const known = index.find(name.endpoint, name.counter).find((other) => isSame(other, name))
    if (known) return known.id
    if (size >= options.mostSeries) return undefined
    const grid = options.gridFor(name.step)
    if (!grid) return undefined
    const { endpoint, counter, kind, step } = name
    const record: SeriesRecord = { id: nextId, endpoint, counter, kind, step, place: grid.places }
    enter(record)
    registry.add(record)
    return record.id
  }

  function successor(id: number): number | undefined {
    const known = successors.get(id)
    if (known !== undefined && alive[known]) return known
    const deleted = entries[id]
    const next = deleted && define(deleted)
    if (next !== undefined) successors.set(id, next)
    return next
  }

  const catalog: Catalog = {
    index,
    registry,
    get size() {
      return size
    },
    define,
    living(id) {
      if (alive[id]) return entries[id]
      const next = successor(id)
      return next === undefined ? undefined : entries[next]
    },
    entry: (id) => (alive[id] ? entries[id] : undefined),
    wasDeleted: (id) => alive[id] === false,
    seriesAt: (grid, place) => places.get(grid)?.[place],
    *all() {
      for (const [id, entry] of entries.entries()) if (entry && alive[id]) yield entry
    },
    forget(record) {
      leave(record.id)
      registry.remove(record.id)
    },
    reserve(id) {
      nextId = Math.max(nextId, id + 1)
    },
  }
  return { catalog, report }
}

function isSame(a: SeriesName, b: SeriesName): boolean {
  return a.endpoint === b.endpoint && a.counter === b.counter && a.kind === b.kind && a.step === b.step
}
