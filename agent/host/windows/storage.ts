import { numberAt } from './bytes.ts'
import type { Disk, Volume } from './host.ts'
import type { VolumeAnswer } from './win32.ts'

/** Bits of GetLogicalDrives → letters. */
export function parseDrives(bits: number): string[] {
  return Array.from({ length: 26 }, (_, i) => String.fromCharCode(65 + i)).filter((_, i) => ((bits >>> i) & 1) === 1)
}

/** Undefined for what has no file system. */
export function parseVolume({ sizes, fileSystem }: VolumeAnswer): Volume | undefined {
  if (fileSystem === '') return undefined
  return { fileSystem, available: numberAt(sizes, 0), total: numberAt(sizes, 8), free: numberAt(sizes, 16) }
}

/** DISK_PERFORMANCE, which counts time in 100 ns. */
export function parseDiskPerformance(name: string, bytes: Buffer): Disk {
  const ms = (offset: number) => numberAt(bytes, offset) / 10_000
  return {
    name,
    bytesRead: numberAt(bytes, 0),
    bytesWritten: numberAt(bytes, 8),
    readMs: ms(16),
    writeMs: ms(24),
    idleMs: ms(32),
    reads: bytes.readUInt32LE(40),
    writes: bytes.readUInt32LE(44),
    queueLength: bytes.readUInt32LE(48),
  }
}

/** Names of all devices → those of whole disks, in their order. */
export function parseDiskNames(names: string): string[] {
  const numbers = names.split('\0').flatMap((name) => /^PhysicalDrive(\d+)$/.exec(name)?.[1] ?? [])
  return numbers.toSorted((a, b) => Number(a) - Number(b)).map((number) => `PhysicalDrive${number}`)
}
