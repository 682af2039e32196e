import { cp, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { FileSystem, LinuxHost } from './linux/host.ts'
import { createLinuxHost } from './linux.ts'
import { StuckError } from './slow-calls.ts'

const recorded = fileURLToPath(new URL('fixture-root', import.meta.url))

const gib = 2 ** 30

/** What statfs would say there: a full one, one without inodes, one without size; the NFS server is dead. */
const fileSystems: Record<string, FileSystem> = {
  '/': fileSystem(100 * gib, 40 * gib, 30 * gib, 1000, 250),
  '/boot': fileSystem(gib, 0, 0, 64, 0),
  '/tank': fileSystem(8000 * gib, 6000 * gib, 6000 * gib, 0, 0),
  '/run/docker/netns/default': fileSystem(0, 0, 0, 0, 0),
}

function fileSystem(
  totalBytes: number,
  freeBytes: number,
  availableBytes: number,
  totalInodes: number,
  freeInodes: number,
): FileSystem {
  return { totalBytes, freeBytes, availableBytes, totalInodes, freeInodes }
}

export interface FixtureHost extends LinuxHost {
  /** Lets a minute pass: what grows has grown. */
  passMinute(): Promise<void>
  remove(): Promise<void>
}

/** A real Linux host over a copy of `fixture-root`, but for statfs(2), which would show the machine that tests run on. */
export async function createFixtureHost(): Promise<FixtureHost> {
  const root = await mkdtemp(join(tmpdir(), 'fixture-root-'))
  await cp(join(recorded, 'first'), root, { recursive: true })
  let nowMs = 1000
  return {
    ...createLinuxHost({ root, now: () => nowMs }),
    async fileSystem({ mountPoint }) {
      const found = fileSystems[mountPoint]
      if (!found) throw new StuckError(`file system ${mountPoint}`, 'hangs', 3000)
      return found
    },
    async passMinute() {
      nowMs += 60_000
      await cp(join(recorded, 'later'), root, { recursive: true })
    },
    remove: () => rm(root, { recursive: true }),
  }
}
