import type { BlockReport } from './block-log.ts'
import { setPlace } from './grid.ts'
import type { Grid } from './grid.ts'
import { openRegistry, readRegistry, rewriteRegistry } from './registry.ts'
import type { RegistryReader } from './registry-block.ts'
import type { Registry } from './registry.ts'
import type { SeriesKind, SeriesRecord } from './series-record.ts'
import { createSeriesColumns, gridOf, isDefined, isLiving, kindOf, livingState, makeRoom } from './series-columns.ts'
import { createSeriesIndex } from './series-index.ts'
import type { SeriesIndex } from './series-index.ts'
import type { SeriesName } from './types.ts'

/** Every series there is: by number, by name, by place in its grid; and their list on disk. */
export interface Catalog {
  readonly index: SeriesIndex
  readonly size: number
  /** The series' number, new when the name is; undefined when limits allow no more. */
  define(name: SeriesName): number | undefined
  /** The living series that points for this number belong to, -1 for none; a deleted one comes back when it is sent again. */
  living(id: number): number
  isLiving(id: number): boolean
  wasDeleted(id: number): boolean
  /** The grid and the place in it where the points of a series are. */
  gridOf(id: number): Grid
  placeOf(id: number): number
  /** The text of its counter, by number. */
  counterOf(id: number): number
  /** @throws RangeError when no series has or had this number */
  record(id: number): SeriesRecord
  /** The living series of a counter, oldest first. More than one after a change of kind or step. */
  find(endpoint: string, counter: string): SeriesRecord[]
  seriesAt(grid: Grid, place: number): SeriesRecord | undefined
  /** The numbers of all living series. */
  ids(): Iterable<number>
  forget(id: number): void
  /** Numbers up to this one are taken, whatever the list says. */
  reserve(id: number): void
  readonly registry: Registry
}

export interface CatalogOptions {
  readonly dir: string
  readonly mostSeries: number
  /** Room for so many is made at once, instead of while they come. */
  readonly expected?: number
  /** The grid of a step; undefined when there are too many already. */
  gridFor(step: number): Grid | undefined
}

/** The list is rewritten when it has at least this many definitions that are no use, and more than useful ones. */
const leastStale = 10_000

/** Reads the list of series and opens it for additions. Much that was deleted is first taken out of it. */
export async function openCatalog(options: CatalogOptions): Promise<{ catalog: Catalog; report: BlockReport }> {
  let loaded = loadCatalog(options)
  const { skipped, torn, definitions } = loaded.report
  const stale = definitions - loaded.catalog.size
  // What is left of a damaged list may still be of use to somebody.
  if (skipped === 0 && torn === 0 && stale >= leastStale && stale > loaded.catalog.size) {
    await loaded.rewrite()
    // Anew, so that what was deleted takes no memory either.
    loaded = loadCatalog(options)
  }
  const registry = await openRegistry(options.dir, loaded.catalog.record)
  return { catalog: loaded.open(registry), report: loaded.report }
}

function loadCatalog(options: CatalogOptions) {
  const columns = createSeriesColumns(options.expected)
  const index = createSeriesIndex(columns, options.expected)
  const grids: Grid[] = []
  const gridNumbers = new Map<Grid, number>()
  /** By grid: the series of each place plus one, 0 for none. */
  const idsByPlace: Uint32Array[] = []
  /** What a deleted series became when it was sent again. */
  const successors = new Map<number, number>()
  let size = 0
  let nextId = 0
  /** Numbers below this one that the list does not have are those of deleted series. */
  let listedBelow = 0

  function gridNumber(grid: Grid): number {
    const known = gridNumbers.get(grid)
    if (known !== undefined) return known
    const number = grids.push(grid) - 1
    gridNumbers.set(grid, number)
    idsByPlace.push(new Uint32Array(1024))
    return number
  }

  function setIdAt(grid: number, place: number, held: number): void {
    let ids = idsByPlace[grid] ?? new Uint32Array(0)
    if (place >= ids.length) {
      const larger = new Uint32Array(Math.max(place + 1, 2 * ids.length))
      larger.set(ids)
      idsByPlace[grid] = ids = larger
    }
    ids[place] = held
  }

  const reader: RegistryReader = {
    endpoints: index.endpoints,
    counters: index.counters,
    define(id, endpoint, counter, kind, step, place) {
      nextId = Math.max(nextId, id + 1)
      const grid = options.gridFor(step)
      if (grid) enter(id, endpoint, counter, kind, grid, place)
    },
    delete: leave,
    given(ids, places) {
      nextId = Math.max(nextId, ids)
      listedBelow = Math.max(listedBelow, ids)
      for (const [step, used] of places) {
        const grid = options.gridFor(step)
        if (grid) grid.places = Math.max(grid.places, used)
      }
    },
  }

  function enter(id: number, endpoint: number, counter: number, kind: SeriesKind, grid: Grid, place: number): void {
    const number = gridNumber(grid)
    makeRoom(columns, id)
    columns.endpoints[id] = endpoint
    columns.counters[id] = counter
    columns.places[id] = place
    columns.states[id] = livingState(kind, number)
    setPlace(grid, place, kind)
    setIdAt(number, place, id + 1)
    index.add(id)
    size++
  }

  function leave(id: number): void {
    const state = columns.states[id] ?? 0
    if ((state & isLiving) === 0) return
    columns.states[id] = state & ~isLiving
    const place = columns.places[id] ?? 0
    setPlace(gridOfSeries(id), place, undefined)
    setIdAt(gridOf(state), place, 0)
    index.remove(id)
    size--
  }

  function gridOfSeries(id: number): Grid {
    const grid = grids[gridOf(columns.states[id] ?? 0)]
    if (!grid) throw new RangeError(`Cannot find the grid of series ${id}: no series has this number`)
    return grid
  }

  function record(id: number): SeriesRecord {
    const state = columns.states[id] ?? 0
    if ((state & isDefined) === 0) throw new RangeError(`Cannot describe series ${id}: no series has this number`)
    return {
      id,
      endpoint: index.endpoints.text(columns.endpoints[id] ?? 0),
      counter: index.counters.text(columns.counters[id] ?? 0),
      kind: kindOf(state),
      step: gridOfSeries(id).layout.step,
      place: columns.places[id] ?? 0,
    }
  }

  function* ids(): Generator<number, void> {
    for (let id = 0; id < nextId; id++) if (isAlive(id)) yield id
  }

  function isAlive(id: number): boolean {
    return ((columns.states[id] ?? 0) & isLiving) !== 0
  }

  const report = readRegistry(options.dir, reader)
  if (report.skipped > 0) listedBelow = 0

  function open(registry: Registry): Catalog {
    function define({ endpoint, counter, kind, step }: SeriesName): number | undefined {
      const grid = options.gridFor(step)
      if (!grid) return undefined
      const state = livingState(kind, gridNumber(grid))
      const endpointNumber = index.endpoints.find(endpoint)
      const counterNumber = index.counters.find(counter)
      if (endpointNumber >= 0 && counterNumber >= 0)
        for (const id of index.find(endpointNumber, counterNumber)) if (columns.states[id] === state) return id
      if (size >= options.mostSeries) return undefined
      const id = nextId++
      enter(id, index.endpoints.intern(endpoint), index.counters.intern(counter), kind, grid, grid.places)
      registry.add(id)
      return id
    }

    function successor(id: number): number {
      const known = successors.get(id)
      if (known !== undefined && isAlive(known)) return known
      if (((columns.states[id] ?? 0) & isDefined) === 0) return -1
      const next = define(record(id))
      if (next !== undefined) successors.set(id, next)
      return next ?? -1
    }

    return {
      index,
      registry,
      get size() {
        return size
      },
      define,
      living: (id) => (isAlive(id) ? id : successor(id)),
      isLiving: isAlive,
      wasDeleted(id) {
        const state = columns.states[id] ?? 0
        return state === 0 ? id < listedBelow : (state & isLiving) === 0
      },
      gridOf: gridOfSeries,
      placeOf: (id) => columns.places[id] ?? 0,
      counterOf: (id) => columns.counters[id] ?? 0,
      record,
      find(endpoint, counter) {
        const endpointNumber = index.endpoints.find(endpoint)
        const counterNumber = index.counters.find(counter)
        if (endpointNumber < 0 || counterNumber < 0) return []
        return index.find(endpointNumber, counterNumber).map(record)
      },
      seriesAt(grid, place) {
        const held = idsByPlace[gridNumbers.get(grid) ?? -1]?.[place] ?? 0
        return held === 0 ? undefined : record(held - 1)
      },
      ids,
      forget(id) {
        leave(id)
        registry.remove(id)
      },
      reserve(id) {
        nextId = Math.max(nextId, id + 1)
      },
    }
  }

  return {
    report,
    open,
    catalog: { record, size },
    rewrite: () =>
      rewriteRegistry(options.dir, [...ids()], record, [
        '=',
        nextId,
        grids.map((grid) => [grid.layout.step, grid.places] as const),
      ]),
  }
}
