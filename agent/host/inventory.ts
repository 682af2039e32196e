/** What a host is, as opposed to what it does: asked for rarely, by people and asset systems. Sizes are in bytes. */
export interface Inventory {
  readonly os: {
    readonly distribution: string
    readonly release: string
    readonly kernel: string
    readonly arch: string
  }
  readonly machine: { readonly manufacturer: string; readonly model: string; readonly virtual: boolean }
  readonly cpu: { readonly brand: string; readonly cores: number; readonly physicalCores: number }
  readonly memory: {
    readonly total: number
    readonly modules: readonly { readonly size: number; readonly type: string }[]
  }
  readonly disks: readonly {
    readonly device: string
    readonly type: string
    readonly name: string
    readonly size: number
  }[]
  readonly interfaces: readonly {
    readonly name: string
    readonly ip4: string
    readonly ip6: string
    readonly mac: string
  }[]
}

const freshForMs = 3_600_000

/**
 * Gives the inventory, read at most once an hour and once at a time. The package that reads it starts a dozen programs and
 * takes some megabytes, so it is loaded when first asked and never for a collection.
 */
export function createInventory(now: () => number): () => Promise<Inventory> {
  let reading: { readonly atMs: number; readonly inventory: Promise<Inventory> } | undefined
  return () => {
    if (!reading || now() - reading.atMs > freshForMs) {
      const inventory = readInventory()
      const mine = { atMs: now(), inventory }
      reading = mine
      // A failure is told to whoever asked and not remembered.
      inventory.catch(() => {
        if (reading === mine) reading = undefined
      })
    }
    return reading.inventory
  }
}

async function readInventory(): Promise<Inventory> {
  const { default: si } = await import('systeminformation')
  const [os, system, cpu, memory, modules, disks, interfaces] = await Promise.all([
    si.osInfo(),
    si.system(),
    si.cpu(),
    si.mem(),
    si.memLayout(),
    si.diskLayout(),
    si.networkInterfaces(),
  ])
  return {
    os: { distribution: os.distro, release: os.release, kernel: os.kernel, arch: os.arch },
    machine: { manufacturer: system.manufacturer, model: system.model, virtual: system.virtual },
    cpu: { brand: `${cpu.manufacturer} ${cpu.brand}`.trim(), cores: cpu.cores, physicalCores: cpu.physicalCores },
    memory: { total: memory.total, modules: modules.map(({ size, type }) => ({ size, type })) },
    disks: disks.map(({ device, type, name, size }) => ({ device, type, name, size })),
    interfaces: [interfaces].flat().map(({ iface, ip4, ip6, mac }) => ({ name: iface, ip4, ip6, mac })),
  }
}
