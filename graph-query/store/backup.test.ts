import {
  appendFileSync,
  existsSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { expect, test, vi } from 'vitest'
import { backupStore } from './backup.ts'
import { readManifest } from './manifest.ts'
import { restoreStore } from './restore.ts'
import { openStore } from './store.ts'
import { createBench, series, temporaryFolder } from './store-under-test.contract.ts'
import type { Bench } from './store-under-test.contract.ts'
import { verifyStore } from './verify.ts'
import { defaultArchives } from './layout.ts'

// Whole stores are written and read, on a machine that may be busy.
vi.setConfig({ testTimeout: 60_000 })

const noon = 1_795_176_000
const quiet = () => undefined
const now = () => noon * 1000

const verify = (dir: string, live = false) =>
  verifyStore({ dir, archives: defaultArchives, rawRetentionSeconds: 30 * 86_400, live, deep: true, progress: quiet })

/** Four series over two days, of which most is in segments and archives and the last hours are in the log. */
async function filled(): Promise<Bench> {
  const bench = await createBench(noon)
  await feedAll(bench, noon - 2 * 86_400, 2700)
  await bench.store.maintain()
  // Written in a second round, so that the log of the first one is dropped.
  await feedAll(bench, noon - 10_800, 120)
  bench.clock = noon + 3600
  await bench.store.maintain()
  await feedAll(bench, noon - 3600, 60)
  return bench
}

async function feedAll(bench: Bench, start: number, count: number): Promise<void> {
  for (let i = 0; i < 4; i++) {
    const kind = i === 3 ? 'DERIVE' : 'GAUGE'
    const slot = bench.store.define({ endpoint: 'e', counter: `c${i}`, kind, step: 60 })
    await bench.feed(
      slot,
      series(start, 60, count, (k) => i * 1000 + k + 0.1),
    )
  }
}

test('a sound store is sound, running or not, and its archives are what their sources make', async () => {
  const bench = await filled()
  expect(verify(bench.dir, true).damages).toEqual([])
  await bench.store.close()
  const found = verify(bench.dir)
  expect(found).toMatchObject({ damages: [], notes: [], series: 4 })
  expect(found.compared).toBeGreaterThan(100)
  expect(found.points).toBeGreaterThanOrEqual(4 * 2880)
})

test('every flipped byte and every cut is found, and named with its file', async () => {
  const bench = await filled()
  await bench.store.close()
  const folder = join(bench.dir, 'step-60')
  const files = [
    'series.log',
    'last-points',
    ...readdirSync(join(bench.dir, 'wal')).map((name) => join('wal', name)),
    ...readdirSync(folder).map((name) => join('step-60', name)),
  ]
  for (const file of files) {
    const path = join(bench.dir, file)
    const sound = readFileSync(path)
    if (sound.length === 0) continue
    // The magic at the start of a segment says nothing that its end does not say, and is not compared.
    const head = file.endsWith('.seg') ? 8 : 0
    for (const at of [head, head + 5, head + 9, Math.floor(sound.length / 2), sound.length - 1]) {
      const bytes = Buffer.from(sound)
      bytes[at] = (bytes[at] ?? 0) ^ 16
      writeFileSync(path, bytes)
      const isPadding = file.endsWith('.wal') || file === 'series.log' ? isUnchecked(sound, at) : false
      if (!isPadding)
        expect(
          verify(bench.dir).damages.map((one) => one.file),
          `${file} byte ${at}`,
        ).toContain(file)
      writeFileSync(path, sound)
    }
    if (!file.endsWith('.wal') && file !== 'series.log') {
      truncateSync(path, sound.length - 1)
      expect(verify(bench.dir).damages.map((one) => one.file)).toContain(file)
      writeFileSync(path, sound)
    }
  }
  expect(verify(bench.dir).damages).toEqual([])
})

/** Whether a byte of a block file is padding or the unused word of a header. */
function isUnchecked(bytes: Buffer, at: number): boolean {
  for (let start = 0; start < bytes.length;) {
    const length = bytes.readUInt32LE(start + 4)
    const end = start + 16 + Math.ceil(length / 16) * 16
    if (at < end) return (at >= start + 12 && at < start + 16) || at >= start + 16 + length
    start = end
  }
  return false
}

test('half a block at the end of the log is what a kill leaves, and no damage', async () => {
  const bench = await filled()
  await bench.store.close()
  const name = readdirSync(join(bench.dir, 'wal')).at(-1) ?? ''
  const path = join(bench.dir, 'wal', name)
  // Behind the head of the file, which is a whole block of 32 bytes.
  appendFileSync(path, readFileSync(path).subarray(32, 72))
  expect(verify(bench.dir)).toMatchObject({ damages: [], notes: [expect.stringContaining('40 bytes of a block')] })
  await bench.reopen()
})

test('a list of series that names too few is found by the points that nobody owns', async () => {
  const bench = await filled()
  await bench.store.close()
  truncateSync(join(bench.dir, 'series.log'), 0)
  const damages = verify(bench.dir).damages
  expect(damages.map((one) => one.where)).toEqual([
    '4 series of the log are not in it',
    '4 series of step 60 are not in it',
  ])
})

test('a backup of a running store is restored whole; the next one copies only what is new', async () => {
  const bench = await filled()
  const target = join(temporaryFolder(), 'backup')
  const first = await backupStore(bench.dir, target, now, quiet)
  expect(first.kept).toBe(0)

  const dir = join(temporaryFolder(), 'restored')
  await restoreStore(target, dir, { force: false, now, progress: quiet })
  expect(verify(dir)).toMatchObject({ damages: [], notes: [], series: 4 })
  expect(readFileSync(join(dir, 'archives.json'))).toEqual(readFileSync(join(bench.dir, 'archives.json')))
  const restored = await openStore({ dir, now: () => bench.clock, onEvent: (event) => expect(event).toBeUndefined() })
  for (let i = 0; i < 4; i++) {
    const request = { endpoint: 'e', counter: `c${i}`, consolidation: 'AVERAGE' as const, width: 1, mostPoints: 1e6 }
    const span = { start: noon - 2 * 86_400, end: noon }
    expect(restored.query({ ...request, ...span })).toEqual(bench.store.query({ ...request, ...span }))
    expect(restored.last('e', `c${i}`)).toEqual(bench.store.last('e', `c${i}`))
  }
  await restored.close()

  const segments = readManifest(target).files.filter((file) => file.path.endsWith('.seg')).length
  const second = await backupStore(bench.dir, target, now, quiet)
  expect(second.kept).toBe(segments)
  expect(readdirSync(target).filter((name) => name.startsWith('cut-'))).toEqual(['cut-2'])
})

test('a backup that was broken off is none, and leaves the one before as it was', async () => {
  const bench = await filled()
  const target = join(temporaryFolder(), 'backup')
  const into = join(temporaryFolder(), 'restored')
  const brokenOff = backupStore(bench.dir, target, now, (text) => {
    if (text.startsWith('segment')) throw new Error('no power')
  })
  await expect(brokenOff).rejects.toThrow('no power')
  await expect(restoreStore(target, into, { force: false, now, progress: quiet })).rejects.toThrow('not whole')
  await backupStore(bench.dir, target, now, quiet)
  const whole = readManifest(target)
  await feedAll(bench, noon, 5)
  await expect(
    backupStore(bench.dir, target, now, () => {
      throw new Error('no power')
    }),
  ).rejects.toThrow('no power')
  expect(readManifest(target)).toEqual(whole)
  await restoreStore(target, into, { force: false, now, progress: quiet })
  expect(verify(into).damages).toEqual([])
})

test('a damaged backup is not restored, and a segment damaged in it is copied again', async () => {
  const bench = await filled()
  const target = join(temporaryFolder(), 'backup')
  const into = join(temporaryFolder(), 'restored')
  await backupStore(bench.dir, target, now, quiet)
  const segment = readManifest(target).files.find((file) => file.path.endsWith('.seg'))?.from ?? ''
  const bytes = readFileSync(join(target, segment))
  bytes[100] = (bytes[100] ?? 0) ^ 1
  // A file of its own: a link would damage the store with it.
  rmSync(join(target, segment))
  writeFileSync(join(target, segment), bytes)
  await expect(restoreStore(target, into, { force: false, now, progress: quiet })).rejects.toThrow(/it is damaged/)
  expect(readdirSync(into)).toEqual([])
  const again = await backupStore(bench.dir, target, now, quiet)
  expect(again.files - again.kept).toBeGreaterThan(0)
  await restoreStore(target, into, { force: false, now, progress: quiet })
})

test('a store that runs or holds something is not restored into, unless what it holds may be put aside', async () => {
  const bench = await filled()
  const target = join(temporaryFolder(), 'backup')
  await backupStore(bench.dir, target, now, quiet)
  const options = { force: true, now, progress: quiet }
  await expect(restoreStore(target, bench.dir, options)).rejects.toThrow('another running process uses it')
  await bench.store.close()
  await expect(restoreStore(target, bench.dir, { ...options, force: false })).rejects.toThrow('--force')
  const { replaced = '' } = await restoreStore(target, bench.dir, options)
  expect(existsSync(join(replaced, 'series.log'))).toBe(true)
  rmSync(replaced, { recursive: true })
  await bench.reopen()
  expect(statSync(join(bench.dir, 'series.log')).size).toBeGreaterThan(0)
})

test('a manifest cannot make a restore write anywhere else', async () => {
  const bench = await filled()
  const target = join(temporaryFolder(), 'backup')
  await backupStore(bench.dir, target, now, quiet)
  const path = join(target, 'manifest.json')
  writeFileSync(path, readFileSync(path, 'utf8').replace('"path": "series.log"', '"path": "../../series.log"'))
  const into = join(temporaryFolder(), 'restored')
  await expect(restoreStore(target, into, { force: false, now, progress: quiet })).rejects.toThrow(
    /Cannot use the backup/,
  )
})

test('a backup goes into no folder that holds something else, and not into the store itself', async () => {
  const bench = await filled()
  const other = temporaryFolder()
  writeFileSync(join(other, 'letter.txt'), 'dear')
  await expect(backupStore(bench.dir, other, now, quiet)).rejects.toThrow('letter.txt')
  await expect(backupStore(bench.dir, join(bench.dir, 'backup'), now, quiet)).rejects.toThrow('into itself')
})
