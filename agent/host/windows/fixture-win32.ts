import type { AddressFamily, Block, CounterQuery, Win32 } from './win32.ts'

/** What a Windows of tests has; each part can be changed between two collections. */
export interface FixtureState {
  /** Units of 100 ns: idle, kernel (idle is part of it), user. */
  times: [number, number, number]
  /** Pages of 4096 bytes: promised, promised at most, memory, available. */
  pages: [number, number, number, number]
  tickMs: number
  drives: Record<
    string,
    { kind: number; fileSystem?: string; sizes?: [available: number, total: number, free: number] }
  >
  disks: Record<string, DiskCounts | 'not counted'>
  adapters: FixtureAdapter[]
  /** Established and retransmitted of TCP; received, no port, errors, sent of UDP. */
  tcp: Record<AddressFamily, [number, number]>
  udp: Record<AddressFamily, [number, number, number, number]>
  ports: Record<'tcp' | 'udp', Record<AddressFamily, number[]>>
  /** `cpu` in units of 100 ns: in the kernel, outside. */
  processes: Record<
    number,
    { name: string; commandLine?: string; cpu?: [number, number]; resident?: number; handles?: number }
  >
  /** 4 is running, 1 stopped. */
  services: Record<string, number>
  registry: Record<string, string[]>
  /** By key and name. */
  texts: Record<string, string>
  counters: CounterQuery
}

export interface DiskCounts {
  readonly bytes: [read: number, written: number]
  /** Units of 100 ns: reading, writing, idle. */
  readonly times: [number, number, number]
  readonly requests: [reads: number, writes: number]
  readonly queue: number
}

export interface FixtureAdapter {
  readonly index: number
  readonly name: string
  readonly type?: number
  readonly bitsPerSecond?: bigint
  /** Octets, packets to one, packets to several, dropped, errors. */
  readonly in: [number, number, number, number, number]
  readonly out: [number, number, number, number, number]
  /** It is listed but has no row any more. */
  readonly gone?: boolean
}

/** A Windows whose answers have the layout of the headers of its SDK for 64-bit programs. */
export function createFixtureWin32(state: FixtureState): Win32 {
  return {
    systemTimes: () => quads(24, ...row(state.times)),
    performanceInformation: () => {
      const [committed, limit, total, available] = state.pages
      const bytes = quads(104, [8, committed], [16, limit], [32, total], [40, available], [80, 4096])
      bytes.writeUInt32LE(104)
      return bytes
    },
    tickCount: () => state.tickMs,
    processorCount: () => 4,
    logicalDrives: () =>
      Object.keys(state.drives).reduce((bits, letter) => bits | (1 << (letter.charCodeAt(0) - 65)), 0),
    driveType: (root) => state.drives[root[0] ?? '']?.kind ?? 1,
    async volume(root) {
      const { fileSystem, sizes } = state.drives[root[0] ?? ''] ?? {}
      if (fileSystem === undefined || sizes === undefined) return undefined
      return { fileSystem, sizes: quads(24, ...row(sizes)) }
    },
    deviceNames: () => ['C:', ...Object.keys(state.disks), 'PIPE', 'PhysicalDrive', ''].join('\0'),
    async diskPerformance(device) {
      const disk = state.disks[device]
      if (disk === undefined || disk === 'not counted') return undefined
      const bytes = quads(88, ...row([...disk.bytes, ...disk.times]))
      for (const [i, value] of [...disk.requests, disk.queue].entries()) bytes.writeUInt32LE(value, 40 + 4 * i)
      return bytes
    },
    adapters: () => adapterChain(state.adapters),
    interfaceRow(index) {
      const adapter = state.adapters.find((adapter) => adapter.index === index)
      return adapter && adapter.gone !== true ? interfaceRow(adapter) : undefined
    },
    tcpStatistics: (family) => doubles(60, [32, state.tcp[family][0]], [44, state.tcp[family][1]]),
    udpStatistics: (family) => doubles(20, ...state.udp[family].map((value, i): Field => [4 * i, value])),
    socketTable: async (protocol, family) => socketTable(protocol, family, state.ports[protocol][family]),
    sendEcho: () => ({ isOver: () => true, milliseconds: () => 3, close: () => undefined }),
    processes: () =>
      new Map(Object.entries(state.processes).map(([pid, { name }]) => [Number(pid), { name, threads: 7 }])),
    commandLine: (pid) => state.processes[pid]?.commandLine,
    processUse(pid) {
      const { cpu, resident } = state.processes[pid] ?? {}
      if (!cpu || resident === undefined) return undefined
      return { times: quads(32, ...row([1_000_000, 0, ...cpu])), memory: quads(72, [16, resident]) }
    },
    handleCount: (pid) => state.processes[pid]?.handles,
    services: async () => serviceList(state.services),
    async service(wanted) {
      const [, status] =
        Object.entries(state.services).find(([name]) => name.toLowerCase() === wanted.toLowerCase()) ?? []
      return status === undefined ? undefined : doubles(36, [4, status])
    },
    registryValues: (key) => state.registry[key],
    registryText: (key, name) => state.texts[`${key}\\${name}`],
    openCounterQuery: async () => state.counters,
  }
}

type Field = readonly [offset: number, value: number]

/** Fields of 8 bytes. */
function quads(size: number, ...fields: readonly Field[]): Buffer {
  const bytes = Buffer.alloc(size)
  for (const [offset, value] of fields) bytes.writeBigUInt64LE(BigInt(value), offset)
  return bytes
}

/** Fields of 4 bytes. */
function doubles(size: number, ...fields: readonly Field[]): Buffer {
  const bytes = Buffer.alloc(size)
  for (const [offset, value] of fields) bytes.writeUInt32LE(value, offset)
  return bytes
}

/** Values of 8 bytes one after the other. */
function row(values: readonly number[]): Field[] {
  return values.map((value, i) => [8 * i, value])
}

/** Somewhere in memory: what points into a block is relative to it. */
const address = 0x7ff6_0000_1000n

function adapterChain(adapters: readonly FixtureAdapter[]): Block {
  const size = 448
  const bytes = Buffer.alloc(Math.max(1, adapters.length) * size)
  for (const [i, { index, type }] of adapters.entries()) {
    const at = i * size
    bytes.writeUInt32LE(size, at)
    bytes.writeUInt32LE(index, at + 4)
    bytes.writeUInt32LE(type ?? 6, at + 100)
    if (i < adapters.length - 1) bytes.writeBigUInt64LE(address + BigInt(at + size), at + 8)
  }
  return { bytes, address }
}

function interfaceRow({ name, bitsPerSecond, in: received, out: sent }: FixtureAdapter): Buffer {
  const bytes = Buffer.alloc(1352)
  bytes.write(name, 28, 'utf16le')
  bytes.writeBigUInt64LE(bitsPerSecond ?? 0n, 1192)
  for (const [i, value] of received.entries()) bytes.writeBigUInt64LE(BigInt(value), 1208 + 8 * i)
  for (const [i, value] of sent.entries()) bytes.writeBigUInt64LE(BigInt(value), 1280 + 8 * i)
  return bytes
}

const socketRows = { tcp: { 2: [24, 8], 23: [56, 20] }, udp: { 2: [12, 4], 23: [28, 20] } } as const

function socketTable(protocol: 'tcp' | 'udp', family: AddressFamily, ports: readonly number[]): Buffer {
  const [size, offset] = socketRows[protocol][family]
  const bytes = Buffer.alloc(4 + ports.length * size + 100)
  bytes.writeUInt32LE(ports.length)
  for (const [i, port] of ports.entries()) bytes.writeUInt16BE(port, 4 + i * size + offset)
  return bytes
}

function serviceList(services: Readonly<Record<string, number>>): Block & { count: number } {
  const names = Object.keys(services)
  const texts = names.length * 56
  const bytes = Buffer.alloc(texts + names.length * 512)
  for (const [i, name] of names.entries()) {
    const text = texts + i * 512
    bytes.write(name, text, 'utf16le')
    bytes.writeBigUInt64LE(address + BigInt(text), i * 56)
    bytes.writeUInt32LE(services[name] ?? 0, i * 56 + 20)
  }
  return { bytes, address, count: names.length }
}
