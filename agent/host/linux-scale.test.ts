import { existsSync, mkdirSync, mkdtempSync, rmSync, statfsSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { findProcesses } from '../checks/process-pattern.ts'
import { createDfCollector } from '../collectors/linux/df.ts'
import { createLinuxHost } from './linux.ts'

/** In memory, where there is room: a disk takes longer to make a machine up than the host to read it. */
const place = existsSync('/dev/shm') && roomIn('/dev/shm') > 2 ** 30 ? '/dev/shm' : tmpdir()

function roomIn(path: string): number {
  const { bavail, bsize } = statfsSync(path)
  return bavail * bsize
}

/** Where a machine is made up that has thousands of something. */
function madeUpRoot(): string {
  const root = mkdtempSync(join(place, 'scale-root-'))
  onTestFinished(() => rmSync(root, { recursive: true }), 60_000)
  mkdirSync(join(root, 'proc/1/net'), { recursive: true })
  return root
}

/** What `work` gives, and how often others had their turn meanwhile. */
async function countingTurns<T>(work: () => Promise<T>): Promise<{ result: T; turns: number }> {
  let turns = 0
  let counting = true
  const next = () => {
    turns++
    if (counting) setImmediate(next)
  }
  setImmediate(next)
  const result = await work()
  counting = false
  return { result, turns }
}

test('10 000 mounts are all measured, none is taken for stuck, and others get their turn', async () => {
  const root = madeUpRoot()
  const mounts = Array.from({ length: 10_000 }, (_, i) => `/mnt/disk${i}`)
  for (const mount of mounts) mkdirSync(join(root, mount), { recursive: true })
  writeFileSync(join(root, 'proc/1/mounts'), mounts.map((mount, i) => `/dev/sd${i} ${mount} ext4 rw 0 0\n`).join(''))
  const df = createDfCollector(createLinuxHost({ root }), [])
  const { result, turns } = await countingTurns(() => df.collect())
  expect(result.filter(({ metric }) => metric === 'df.bytes.total')).toHaveLength(10_000)
  expect(result.filter(({ metric }) => metric === 'df.stuck' || metric === 'df.unreadable')).toEqual([])
  expect(turns).toBeGreaterThan(100)
}, 60_000)

test('one port is found among 100 000 sockets of UDP, and others get their turn', async () => {
  const root = madeUpRoot()
  const heading = '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n'
  const row = (i: number, port: number, state: string) =>
    `${String(i).padStart(4)}: 0100007F:${port.toString(16).toUpperCase().padStart(4, '0')} 0100007F:9C40 ${state} 00000000:00000000 00:00000000 00000000     0        0 ${i} 1 0000000000000000\n`
  const bound = Array.from({ length: 99_999 }, (_, i) => row(i, 20_000, '07'))
  writeFileSync(join(root, 'proc/1/net/udp'), heading + bound.join('') + row(99_999, 8080, '07'))
  for (const file of ['tcp', 'tcp6', 'udp6']) writeFileSync(join(root, 'proc/1/net', file), heading)
  const { result, turns } = await countingTurns(() => createLinuxHost({ root }).openPorts())
  expect(result).toEqual(new Set([20_000, 8080]))
  expect(turns).toBeGreaterThan(20)
}, 60_000)

test('three processes are found among 50 000, and others get their turn', async () => {
  const root = madeUpRoot()
  for (let pid = 1; pid <= 50_000; pid++) {
    const folder = join(root, 'proc', String(pid))
    if (pid > 1) mkdirSync(folder)
    writeFileSync(join(folder, 'status'), `Name:\t${pid % 20_000 === 7 ? 'wanted' : 'other'}\nVmRSS:\t1 kB\n`)
    if (pid % 20_000 === 7) writeFileSync(join(folder, 'cmdline'), 'wanted\0--serve\0')
  }
  const host = createLinuxHost({ root })
  const { result, turns } = await countingTurns(() => findProcesses(host, [{ name: 'wanted' }]))
  expect(result.map((pids) => new Set(pids))).toEqual([new Set([7, 20_007, 40_007])])
  expect(turns).toBeGreaterThan(100)
}, 60_000)
