import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { appendFileSync, readFileSync, readdirSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { crashSeries, crashStep, crashValue } from './crash-writer.contract.ts'
import { defaultArchives, layoutOf } from './layout.ts'
import { openStore } from './store.ts'
import { createBench, series, temporaryFolder } from './store-under-test.contract.ts'
import type { Bench } from './store-under-test.contract.ts'
import type { Damage } from './verification.ts'
import { verifyStore } from './verify.ts'

const noon = 1_795_176_000
const writerFile = fileURLToPath(new URL('./crash-writer.contract.ts', import.meta.url))

test('a process killed at any moment has lost nothing that it acknowledged', { timeout: 60_000 }, async () => {
  const dir = temporaryFolder()
  let time = noon
  for (let round = 0; round < 6; round++) {
    const acknowledged = await writeUntilKilled(dir, time, 40 + round * 331)
    expect(acknowledged).toBeGreaterThanOrEqual(time)
    time = acknowledged + crashStep
    const store = await openStore({ dir, now: () => time, onEvent: () => undefined })
    for (let i = 0; i < crashSeries; i++) {
      const request = { endpoint: 'e', counter: `c${i}`, consolidation: 'AVERAGE' as const, width: 1, mostPoints: 1e6 }
      const [run] = store.query({ ...request, start: noon - 1, end: acknowledged })?.runs ?? []
      const expected = Array.from({ length: (acknowledged - noon) / crashStep + 1 }, (_, k) =>
        crashValue(i, noon + k * crashStep),
      )
      expect(run?.first).toBe(noon)
      expect([...(run?.values ?? [])], `series ${i} in round ${round}`).toEqual(expected)
    }
    await store.close()
  }
  // Long enough for windows to be written, merged and consolidated while it was being killed.
  expect(readdirSync(join(dir, 'step-60')).length).toBeGreaterThan(3)
})

/** The last time that the process said is stored, before it was killed after so many of them. */
async function writeUntilKilled(dir: string, start: number, times: number): Promise<number> {
  const child = spawn(process.execPath, ['--conditions=source', '--import', 'tsx', writerFile, dir, String(start)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const exited = once(child, 'exit')
  let output = ''
  let lines = 0
  for await (const chunk of child.stdout) {
    const text = String(chunk)
    output += text
    lines += text.split('\n').length - 1
    if (lines >= times) child.kill('SIGKILL')
  }
  expect(await exited).toEqual([null, 'SIGKILL'])
  const complete = output.slice(0, output.lastIndexOf('\n')).split('\n')
  return Number(complete.at(-1))
}

function damagesIn(dir: string): readonly Damage[] {
  const options = { archives: defaultArchives, rawRetentionSeconds: 30 * 86_400, live: false, deep: false }
  return verifyStore({ dir, ...options, progress: () => undefined }).damages
}

async function filled(clock = noon): Promise<Bench> {
  const bench = await createBench(clock)
  for (let batch = 0; batch < 5; batch++)
    for (let i = 0; i < 4; i++) {
      const slot = bench.store.define({ endpoint: 'e', counter: `c${i}`, kind: 'GAUGE', step: 60 })
      await bench.feed(
        slot,
        series(noon - 3000 + batch * 600, 60, 10, (k) => i * 1000 + batch * 10 + k + 0.1),
      )
    }
  return bench
}

const expectedOf = (i: number) =>
  series(noon - 3000, 60, 50, (k) => i * 1000 + Math.floor(k / 10) * 10 + (k % 10) + 0.1)

function readAll(bench: Bench): [number, number | null][][] {
  return [0, 1, 2, 3].map((i) => bench.read(`c${i}`, noon - 3000, noon - 60))
}

test('a torn end of the log is cut off and reported; what came before it is there', async () => {
  const bench = await filled()
  await bench.store.close()
  const wal = join(bench.dir, 'wal', readdirSync(join(bench.dir, 'wal'))[0] ?? '')
  const size = readFileSync(wal).length
  for (const cut of [1, 15, 16, 40]) {
    truncateSync(wal, size - cut)
    await bench.reopen()
    expect(bench.events).toEqual([{ what: 'torn', file: '1.wal', bytes: expect.any(Number) as number }])
    bench.events.length = 0
    const all = readAll(bench)
    expect(all.slice(0, 3)).toEqual([0, 1, 2].map(expectedOf))
    // The last batch of the last series was the last block.
    expect(all[3]).toEqual(expectedOf(3).map(([time, value], k) => [time, k < 40 ? value : null]))
    await bench.reopen()
    expect(bench.events).toEqual([])
    await bench.store.close()
    writeFileSync(wal, readFileSync(wal))
    appendFileSync(wal, Buffer.alloc(size - readFileSync(wal).length, 7))
  }
})

test('blocks that are gone from the end of a log are reported, and a file that is gone, once another file follows it', async () => {
  const bench = await filled()
  const later = async (time: number) => {
    await bench.reopen()
    const slot = bench.store.define({ endpoint: 'e', counter: 'later', kind: 'GAUGE', step: 60 })
    await bench.feed(slot, [[time, 1]])
  }
  await later(noon - 120)
  await later(noon - 60)
  await bench.reopen()
  expect(bench.events).toEqual([])
  await bench.store.close()
  const wal = join(bench.dir, 'wal', '0000000001.wal')
  const sound = readFileSync(wal)
  const block = sound.length / 20
  const reports = async (): Promise<unknown[]> => {
    bench.events.length = 0
    await bench.reopen()
    await bench.store.close()
    return bench.events.filter((event) => event.what === 'damaged')
  }
  const gone = (bytes: number) => [{ what: 'damaged', file: '1.wal', where: `${bytes} bytes at its end are gone` }]
  // Exactly where a block ends: the file itself looks like one to which less was written.
  for (const blocks of [1, 7, 20]) {
    truncateSync(wal, sound.length - blocks * block)
    expect(await reports()).toEqual(gone(blocks * block))
    expect(damagesIn(bench.dir)).toMatchObject([{ file: 'wal/0000000001.wal', where: /\d+ bytes at its end are gone/ }])
    writeFileSync(wal, sound)
    expect(await reports()).toEqual([])
  }
  const second = join(bench.dir, 'wal', '0000000002.wal')
  const bytes = readFileSync(second).length
  rmSync(second)
  expect(await reports()).toEqual([{ ...gone(bytes)[0], file: '2.wal' }])
  // The oldest may go: then all of it is in segments.
  rmSync(wal)
  expect(await reports()).toEqual([])
  expect(damagesIn(bench.dir)).toEqual([])
})

test('a log of the version before, whose files have no heads, is read as it was', async () => {
  const bench = await filled()
  await bench.reopen()
  const slot = bench.store.define({ endpoint: 'e', counter: 'later', kind: 'GAUGE', step: 60 })
  await bench.feed(slot, [[noon - 60, 7]])
  await bench.store.close()
  const path = join(bench.dir, 'wal', '0000000002.wal')
  const bytes = readFileSync(path)
  expect(bytes.readUInt32LE(4)).toBe(12)
  // The head is a block of 32 bytes.
  writeFileSync(path, bytes.subarray(32))
  truncateSync(join(bench.dir, 'wal', '0000000001.wal'), 0)
  await bench.reopen()
  expect(bench.events).toEqual([])
  expect(bench.read('later', noon - 61, noon - 60)).toEqual([[noon - 60, 7]])
})

test('a damaged block in the middle of the log costs its points only, and is reported', async () => {
  const bench = await filled()
  await bench.store.close()
  const wal = join(bench.dir, 'wal', readdirSync(join(bench.dir, 'wal'))[0] ?? '')
  const bytes = readFileSync(wal)
  bytes[40] = (bytes[40] ?? 0) ^ 1
  writeFileSync(wal, bytes)
  await bench.reopen()
  expect(bench.events).toMatchObject([{ what: 'damaged', file: '1.wal' }])
  const all = readAll(bench)
  expect(all.slice(1)).toEqual([1, 2, 3].map(expectedOf))
  expect(all[0]?.slice(10)).toEqual(expectedOf(0).slice(10))
  expect(all[0]?.slice(0, 10).every(([, value]) => value === null)).toBe(true)
})

test('a flipped bit in a segment is found out: a wrong value is never answered', async () => {
  const bench = await filled()
  bench.clock = noon + 7200
  await bench.store.maintain()
  await bench.store.close()
  const folder = join(bench.dir, 'step-60')
  const names = readdirSync(folder).filter((name) => name.startsWith('1-'))
  expect(names.length).toBeGreaterThan(0)
  for (const name of names) {
    const path = join(folder, name)
    const sound = readFileSync(path)
    for (let at = 0; at < sound.length; at += at < 1100 ? 97 : 3) {
      const damaged = Buffer.from(sound)
      damaged[at] = (damaged[at] ?? 0) ^ (1 << (at % 8))
      writeFileSync(path, damaged)
      bench.events.length = 0
      await bench.reopen()
      const all = readAll(bench)
      const missing = all.flat().filter(([, value]) => value === null).length
      for (const [i, rows] of all.entries())
        for (const [k, [, value]] of rows.entries())
          if (value !== null) expect(value, `byte ${at}`).toBe(expectedOf(i)[k]?.[1])
      if (missing > 0) expect(bench.events, `byte ${at} cost ${missing} points`).toContainEqual(damageIn(path))
      await bench.store.close()
      rmSync(`${path}.damaged`, { force: true })
      writeFileSync(path, sound)
    }
  }
  await bench.reopen()
  expect(readAll(bench)).toEqual([0, 1, 2, 3].map(expectedOf))
}, 60_000)

function damageIn(file: string) {
  return { what: 'damaged', file, where: expect.any(String) as string }
}

test('a torn list of series costs no series that points were stored for', async () => {
  const bench = await filled()
  await bench.store.close()
  appendFileSync(join(bench.dir, 'series.log'), Buffer.from('LSGF half a block'))
  await bench.reopen()
  expect(bench.events).toMatchObject([{ what: 'torn', file: 'series.log' }])
  expect(readAll(bench)).toEqual([0, 1, 2, 3].map(expectedOf))
  const slot = bench.store.define({ endpoint: 'e', counter: 'new', kind: 'GAUGE', step: 60 })
  await bench.feed(slot, [[noon, 1]])
  await bench.reopen()
  expect(bench.read('new', noon - 1, noon)).toEqual([[noon, 1]])
})

test('many series with the longest names are stored', async () => {
  const bench = await createBench(noon)
  // Of the longest names a thousand do not fit into one block of the list.
  const endpoint = '監'.repeat(1024)
  const counterOf = (i: number) => `${i}`.padStart(1024, '視')
  for (let i = 0; i < 1100; i++)
    bench.store.append(bench.store.define({ endpoint, counter: counterOf(i), kind: 'GAUGE', step: 60 }), noon, i)
  await bench.store.commit()
  await bench.reopen()
  for (const i of [0, 600, 1099]) expect(bench.store.last(endpoint, counterOf(i))?.value).toBe(i)
})

test('closing beside a commit stores every new series once', async () => {
  const bench = await createBench(noon)
  for (let i = 0; i < 3000; i++)
    bench.store.append(bench.store.define({ endpoint: 'e', counter: `c${i}`, kind: 'GAUGE', step: 60 }), noon, i)
  const committed = bench.store.commit()
  await bench.reopen()
  await committed
  expect(bench.store.stats().series).toBe(3000)
  for (let i = 0; i < 3000; i++) expect(bench.store.last('e', `c${i}`)?.value).toBe(i)
})

test('a segment that cannot be opened now is not put aside as damaged', async () => {
  const bench = await filled()
  bench.clock = noon + 7200
  await bench.store.maintain()
  await bench.store.close()
  const folder = join(bench.dir, 'step-60')
  const path = join(folder, readdirSync(folder).find((name) => name.startsWith('1-')) ?? '')
  const sound = readFileSync(path)
  rmSync(path)
  // Links in a circle: the system refuses to open it, as it does when too many files are open.
  symlinkSync(path, path)
  await expect(bench.reopen()).rejects.toThrow(/ELOOP/)
  rmSync(path)
  writeFileSync(path, sound)
  await bench.reopen()
  expect(readAll(bench)).toEqual([0, 1, 2, 3].map(expectedOf))
  expect(bench.events).toEqual([])
})

test('points whose series is lost are reported, and never become those of another series', async () => {
  const bench = await filled()
  await bench.store.close()
  truncateSync(join(bench.dir, 'series.log'), 0)
  await bench.reopen()
  expect(bench.events).toContainEqual({ what: 'unknown series in the log', points: 200 })
  const slot = bench.store.define({ endpoint: 'e', counter: 'other', kind: 'GAUGE', step: 60 })
  await bench.reopen()
  expect(slot).toBe(4)
  expect(bench.read('other', noon - 3000, noon).every(([, value]) => value === null)).toBe(true)
})

test('points in segments never become those of another series, though the list of series is lost', async () => {
  const bench = await filled()
  bench.clock = noon + 7200
  await bench.store.maintain()
  await bench.store.close()
  truncateSync(join(bench.dir, 'series.log'), 0)
  await bench.reopen()
  const slot = bench.store.define({ endpoint: 'e', counter: 'other', kind: 'GAUGE', step: 60 })
  expect(bench.store.last('e', 'other')).toBeUndefined()
  await bench.feed(slot, [[noon, 1]])
  expect(bench.read('other', noon - 3000, noon).filter(([, value]) => value !== null)).toEqual([[noon, 1]])
})

test('a damaged file of newest points is reported, and they are found again', async () => {
  const bench = await filled()
  bench.clock = noon + 7200
  await bench.store.maintain()
  await bench.store.close()
  const path = join(bench.dir, 'last-points')
  truncateSync(path, readFileSync(path).length - 1)
  await bench.reopen()
  expect(bench.events).toEqual([damageIn('last-points')])
  expect(bench.store.last('e', 'c2')).toMatchObject({ timestamp: noon - 60, value: 2049.1 })
})

test('a disk that refuses makes the batch fail and harms nothing; the next batch is stored', async () => {
  const bench = await createBench(noon)
  const slot = bench.store.define({ endpoint: 'e', counter: 'c', kind: 'GAUGE', step: 60 })
  symlinkSync('/dev/full', join(bench.dir, 'wal', '0000000001.wal'))
  await expect(bench.feed(slot, [[noon - 60, 1]])).rejects.toThrow(/ENOSPC/)
  rmSync(join(bench.dir, 'wal', '0000000001.wal'))
  await bench.feed(slot, [
    [noon - 60, 1],
    [noon, 2],
  ])
  await bench.reopen()
  expect(bench.read('c', noon - 61, noon)).toEqual([
    [noon - 60, 1],
    [noon, 2],
  ])
  expect(bench.events).toEqual([])
})

test('a disk that refuses segments keeps everything readable and in the log', async () => {
  const bench = await filled()
  const folder = join(bench.dir, 'step-60')
  // No segment can be created under a name that is taken by a link to nowhere.
  bench.clock = noon + 7200
  const { windowRows } = layoutOf(60, defaultArchives, 30 * 86_400)
  const first = Math.floor((noon - 3000) / 60 / windowRows) * windowRows
  for (let sequence = 1; sequence < 4; sequence++)
    symlinkSync('/nowhere/at/all', join(folder, `1-${first}-${noon / 60 - first}-${sequence}.seg.tmp`))
  await expect(bench.store.maintain()).rejects.toThrow(/ENOENT/)
  expect(readAll(bench)).toEqual([0, 1, 2, 3].map(expectedOf))
  for (const name of readdirSync(folder)) rmSync(join(folder, name), { force: true })
  await bench.store.maintain()
  expect(readdirSync(folder).filter((name) => name.startsWith('1-')).length).toBe(1)
  expect(readAll(bench)).toEqual([0, 1, 2, 3].map(expectedOf))
  await bench.reopen()
  expect(readAll(bench)).toEqual([0, 1, 2, 3].map(expectedOf))
})

test('a close that the disk refuses in part says so, and lets the folder go', async () => {
  const bench = await filled()
  const path = join(bench.dir, 'last-points.tmp')
  symlinkSync('/dev/full', path)
  await expect(bench.store.close()).rejects.toThrow(/ENOSPC/)
  rmSync(path)
  bench.store = await openStore({ dir: bench.dir, now: () => bench.clock, onEvent: () => undefined })
  expect(readAll(bench)).toEqual([0, 1, 2, 3].map(expectedOf))
})

test('strict acknowledges too', async () => {
  const bench = await createBench(noon, { strict: true })
  const slot = bench.store.define({ endpoint: 'e', counter: 'c', kind: 'GAUGE', step: 60 })
  await Promise.all([bench.feed(slot, [[noon - 60, 1]]), bench.feed(slot, [[noon, 2]])])
  await bench.reopen({ strict: true })
  expect(bench.read('c', noon - 61, noon).map(([, value]) => value)).toEqual([1, 2])
})
