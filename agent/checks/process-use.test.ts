import { afterEach, beforeEach, expect, test } from 'vitest'
import { createFixtureHost } from '../host/fixture-host.ts'
import type { FixtureHost } from '../host/fixture-host.ts'
import type { Host, ProcessUse } from '../host/host.ts'
import { createLinuxHost } from '../host/linux.ts'
import type { Outcome } from './check.ts'
import { checkContract } from './check.contract.ts'
import { runChecks } from './fixture-run.ts'
import { createProcessUse } from './process-use.ts'

let host: FixtureHost
beforeEach(async () => {
  host = await createFixtureHost()
})
afterEach(() => host.remove())

const use = (cpuSeconds: number, started = 7): ProcessUse => ({
  started,
  cpuSeconds,
  residentBytes: 1000,
  threads: 2,
})

/** The recorded host, on which each process takes what `uses` says. */
function hostWith(uses: () => Record<number, ProcessUse>, files: (pid: number) => number | undefined = () => 3): Host {
  return { ...host, processUse: async (pid) => uses()[pid], openFiles: async (pid) => files(pid) }
}

test('processes that match are added up; processor time is that since the round before', async () => {
  let atMs = 0
  let uses: Record<number, ProcessUse> = { 731: use(10), 732: use(100), 901: use(5) }
  const family = createProcessUse(() => atMs)
  const ask = () => runChecks(family, ['name=nginx', 'name=java', 'name=absent'], { host: hostWith(() => uses) })
  expect(await ask()).toEqual([
    { values: { 'proc.mem': 2000, 'proc.fd': 6, 'proc.threads': 4 } },
    { values: { 'proc.mem': 1000, 'proc.fd': 3, 'proc.threads': 2 } },
    { values: { 'proc.mem': 0, 'proc.fd': 0, 'proc.threads': 0 } },
  ] satisfies Outcome[])
  atMs = 60_000
  uses = { 731: use(16), 732: use(130), 901: use(5) }
  expect((await ask()).map(({ values }) => values['proc.cpu'])).toEqual([60, 0, 0])
})

test('a process that is new, or has the id of one that ended, does not count with all its past', async () => {
  let atMs = 0
  let uses: Record<number, ProcessUse> = { 731: use(10), 901: use(50) }
  const family = createProcessUse(() => atMs)
  const ask = async () =>
    (await runChecks(family, ['name=nginx', 'name=java'], { host: hostWith(() => uses) })).map(
      (it) => it.values['proc.cpu'],
    )
  await ask()
  atMs = 10_000
  uses = { 731: use(11), 732: use(5000), 901: use(4000, 8) }
  expect(await ask()).toEqual([10, 0])
  atMs = 20_000
  uses = { 731: use(11), 732: use(5002), 901: use(4001, 8) }
  expect(await ask()).toEqual([20, 10])
})

test('open files that the agent may not see are left out with a reason, not counted as none', async () => {
  const secret = hostWith(
    () => ({ 731: use(1), 732: use(1) }),
    (pid) => (pid === 731 ? 3 : undefined),
  )
  const [outcome] = await runChecks(createProcessUse(), ['name=nginx'], { host: secret })
  expect(outcome).toEqual({
    values: { 'proc.mem': 2000, 'proc.threads': 4 },
    reason: 'the agent may not see the open files of 1 of 2 processes',
  })
})

test('this process has what the kernel says', async () => {
  const family = createProcessUse()
  const ask = async () =>
    (await runChecks(family, [`cmdline=${process.argv[0]}`], { host: createLinuxHost({ root: '/' }) }))[0]?.values ?? {}
  await ask()
  const until = performance.now() + 100
  while (performance.now() < until) Math.sqrt(until)
  const values = await ask()
  expect(values['proc.cpu']).toBeGreaterThan(0)
  expect(values['proc.mem']).toBeGreaterThan(process.memoryUsage.rss() / 2)
  expect(values['proc.fd']).toBeGreaterThan(3)
  expect(values['proc.threads']).toBeGreaterThan(4)
})

checkContract(createProcessUse(), ['name=node', 'cmdline=vitest', 'name=a,cmdline=b'], ['Name=x', 'cmd=x'])
