import { existsSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { linuxGuards } from './processes/linux-guard.ts'
import { noLimits } from './processes/run-guard.ts'
import type { RunLimits } from './processes/run-guard.ts'
import { runProgram } from './run-program.ts'

vi.setConfig({ testTimeout: 30_000 })

let dir: string
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'limits-'))
})
afterEach(() => rmSync(dir, { recursive: true }))

function run(script: string, limits: Partial<RunLimits> = {}, timeoutMs = 25_000) {
  return runProgram({
    file: 'sh',
    args: ['-c', script],
    cwd: dir,
    env: { PATH: process.env['PATH'] ?? '' },
    timeoutMs,
    maxOutputBytes: 1000,
    signal: new AbortController().signal,
    limits: { ...noLimits, ...limits },
  })
}

/** Names of the processes that work in the folder of this test. */
function processesHere(): string[] {
  return readdirSync('/proc').flatMap((pid) => {
    try {
      return readlinkSync(`/proc/${pid}/cwd`) === dir ? [readFileSync(`/proc/${pid}/comm`, 'utf8').trim()] : []
    } catch {
      // No process, or one that is gone.
      return []
    }
  })
}

const nobodyHere = () => vi.waitFor(() => expect(processesHere()).toEqual([]), { timeout: 5000 })
const hasWritten = (name: string) => `until [ -s ${name} ]; do sleep 0.02; done`

test('what left the process group is ended with a run that is killed', async () => {
  const result = await run(
    `setsid sh -c 'echo 1 > session; sleep 600' & (setsid sh -c 'echo 1 > daemon; sleep 600 &' &) ; sleep 600`,
    {},
    500,
  )
  expect(result).toMatchObject({ outcome: 'timeout' })
  expect(existsSync(join(dir, 'session')) && existsSync(join(dir, 'daemon'))).toBe(true)
  await nobodyHere()
})

test('a daemon that keeps the output open is told by name, and ended', async () => {
  const result = await run(`setsid sleep 600 & echo '[]'`, {}, 500)
  expect(result).toMatchObject({ outcome: 'timeout', exit: 0 })
  expect(result.reason).toContain('kept its output open, 1 process: sleep')
  await nobodyHere()
})

test('what a run leaves in the background is told and can be ended later', async () => {
  const script = `(setsid sh -c 'echo 1 > daemon; exec sleep 600' >/dev/null 2>&1 &); ${hasWritten('daemon')}`
  const { outcome, left } = await run(script)
  expect(outcome).toBe('exited')
  expect(left).toHaveLength(1)
  expect(linuxGuards.alive(left)).toEqual(left)
  expect(await linuxGuards.endAll(left)).toBeUndefined()
  expect(linuxGuards.alive(left)).toEqual([])
  // The same number given to another process later is not the same process.
  const [one] = left
  expect(linuxGuards.alive([{ pid: process.pid, start: one?.start ?? 0, name: 'us' }])).toEqual([])
})

test('a child that ended and was not waited for is no process that was left', async () => {
  const { outcome, left } = await run(`sleep 0 & echo '[]'`)
  expect({ outcome, left }).toEqual({ outcome: 'exited', left: [] })
})

test('more processes than allowed end the run, also when each of them starts others', async () => {
  const many = await run('i=0; while [ $i -lt 30 ]; do sleep 600 & i=$((i+1)); done; wait', { processes: 10 })
  expect(many).toMatchObject({ outcome: 'over limit' })
  expect(many.reason).toMatch(/^\d+ processes, 10 are allowed$/)
  await nobodyHere()
  // A bomb with a fuse: it stops by itself at depth 9.
  const bomb = 'b() { [ $1 -lt 9 ] && { b $(($1+1)) & b $(($1+1)) & }; sleep 600; }; b 0'
  const result = await run(bomb, { processes: 10 })
  expect(result.outcome).toBe('over limit')
  await nobodyHere()
})

test('more memory than allowed ends the run', async () => {
  const hold = `const held = Buffer.alloc(300 * 2 ** 20, 1); setTimeout(() => held, 600_000)`
  const result = await run(`"${process.execPath}" -e '${hold}'`, { memoryBytes: 200 * 2 ** 20 })
  expect(result).toMatchObject({ outcome: 'over limit' })
  expect(result.reason).toMatch(/^\d+ MB of memory, 200 MB are allowed$/)
  await nobodyHere()
})

test('more processor time than allowed ends the run, children counted', async () => {
  const result = await run('sh -c "while :; do :; done" & sh -c "while :; do :; done"', { cpuSeconds: 1 })
  expect(result).toMatchObject({ outcome: 'over limit' })
  expect(result.reason).toMatch(/^\d\.\d s of processor time, 1 s are allowed$/)
  await nobodyHere()
})
