import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { createFixtureHost } from '../host/fixture-host.ts'
import type { FixtureHost } from '../host/fixture-host.ts'
import { createLinuxHost } from '../host/linux.ts'
import { StuckError } from '../host/slow-calls.ts'
import type { Host } from '../host/host.ts'
import { checkContract } from './check.contract.ts'
import { runCheck, runChecks } from './fixture-run.ts'
import { processCount } from './process-count.ts'

let host: FixtureHost
beforeEach(async () => {
  host = await createFixtureHost()
})
afterEach(() => host.remove())

const count = (tags: string, on: Host = host) => runCheck(processCount, tags, on)

describe('on a recorded host', () => {
  test.each([
    ['a name is the whole name', 'name=nginx', 2],
    ['and not a part of it', 'name=ngin', 0],
    ['as the kernel cuts it', 'name=falcon-graph-qu', 1],
    ['so a longer one matches nothing', 'name=falcon-graph-query', 0],
    ['kernel threads never match', 'name=kthreadd', 0],
    ['not even an empty command line', 'cmdline=', 5],
    ['a command line is looked through for a part', 'cmdline=worker', 1],
    ['which may reach over arguments, because nothing divides them', 'cmdline=-jar/srv/app.jar', 1],
    ['a blank between arguments is not there', 'cmdline=-jar /srv', 0],
    ['a part may hold an equals sign', 'cmdline=--port=8080', 1],
    ['both must match', 'name=nginx,cmdline=master', 1],
    ['in either order', 'cmdline=master,name=java', 0],
    ['blanks around are dropped', ' name= nginx , cmdline= worker ', 1],
    ['of several names the last counts', 'name=java,name=nginx', 2],
  ])('%s: %s', async (_, tags, expected) => expect(await count(tags)).toBe(expected))

  test('several checks share one pass over the processes', async () => {
    let passes = 0
    const counting = { ...host, processNames: () => (passes++, host.processNames()) }
    const outcomes = await runChecks(processCount, ['name=nginx', 'name=java', 'cmdline=graph.json'], {
      host: counting,
    })
    expect(outcomes.map(({ values }) => values['proc.num'])).toEqual([2, 1, 1])
    expect(passes).toBe(1)
  })

  test('arguments are read only of processes whose name may match', async () => {
    const asked: number[] = []
    const watched = { ...host, commandLine: (pid: number) => (asked.push(pid), host.commandLine(pid)) }
    expect(await count('name=java', watched)).toBe(1)
    expect(asked).toEqual([901])
  })

  test('a process stuck in the kernel counts by its name; its arguments match nothing', async () => {
    const stuck = {
      ...host,
      async commandLine(pid: number) {
        if (pid === 901) throw new StuckError('/proc/901/cmdline', 'hangs', 3000)
        return host.commandLine(pid)
      },
    }
    expect(await count('name=java', stuck)).toBe(1)
    expect(await count('name=java,cmdline=app.jar', stuck)).toBe(0)
    expect(await count('cmdline=nginx', stuck)).toBe(2)
  })
})

test('when stuck processes leave no room to read the others, nothing is counted rather than too little', async () => {
  const blocked = { ...host, commandLine: () => Promise.reject(new StuckError('/proc/1/cmdline', 'no room', 0)) }
  await expect(count('name=nginx', blocked)).rejects.toThrow('Cannot get an answer from /proc/1/cmdline')
})

test('this process is found on this machine', async () => {
  expect(await count(`cmdline=${process.argv[0]}`, createLinuxHost({ root: '/' }))).toBeGreaterThan(0)
})

checkContract(
  processCount,
  ['name=node', 'cmdline=vitest', 'name=a,cmdline=b', 'cmdline=b,name=a'],
  ['Name=x', 'cmd=x'],
)
