import { closeSync, existsSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { runProgram } from './run-program.ts'

let dir: string
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'run-'))
})
afterEach(() => rmSync(dir, { recursive: true }))

function shell(script: string, limits: { timeoutMs?: number; maxOutputBytes?: number; signal?: AbortSignal } = {}) {
  return runProgram({
    file: 'sh',
    args: ['-c', script],
    cwd: dir,
    env: { PATH: process.env['PATH'] ?? '', ONLY: 'this' },
    timeoutMs: 20_000,
    maxOutputBytes: 1000,
    signal: new AbortController().signal,
    ...limits,
  })
}

function isAlive(pid: number): boolean {
  const state = existsSync(`/proc/${pid}/stat`) ? readFileSync(`/proc/${pid}/stat`, 'utf8') : ''
  return state !== '' && !/\) Z /.test(state)
}

test('output, errors and exit code come back, and nothing of our environment goes in', async () => {
  const result = await shell(
    'echo out; echo err >&2; env | sort | grep -v -e ^PWD -e ^SHLVL -e ^_ -e ^OLDPWD -e ^PATH -e ^FALCON_RUN; exit 3',
  )
  expect(result).toMatchObject({ outcome: 'exited', exit: 3 })
  expect(result.stdout.toString()).toBe('out\nONLY=this\n')
  expect(result.stderr.toString()).toBe('err\n')
})

test('a program that hangs is killed with everything it started', async () => {
  const result = await shell('sleep 600 & echo $! > child; sleep 600', { timeoutMs: 200 })
  expect(result.outcome).toBe('timeout')
  const child = Number(readFileSync(join(dir, 'child'), 'utf8'))
  await vi.waitFor(() => expect(isAlive(child)).toBe(false))
})

test('a child that keeps the output open is waited for no longer than the time allowed', async () => {
  const result = await shell('sleep 600 & echo $! > child; echo done', { timeoutMs: 300 })
  expect(result.outcome).toBe('timeout')
  const child = Number(readFileSync(join(dir, 'child'), 'utf8'))
  await vi.waitFor(() => expect(isAlive(child)).toBe(false))
})

test('endless output ends the run and is not kept', async () => {
  const result = await shell('yes')
  expect(result.outcome).toBe('too much output')
  expect(result.stdout).toHaveLength(1000)
  const errors = await shell('head -c 200000 /dev/zero >&2')
  expect(errors).toMatchObject({ outcome: 'exited', exit: 0 })
  expect(errors.stderr).toHaveLength(65_536)
})

test('a missing file is told as what it is', async () => {
  const result = await runProgram({
    file: join(dir, 'nope'),
    args: [],
    cwd: dir,
    env: {},
    timeoutMs: 1000,
    maxOutputBytes: 1000,
    signal: new AbortController().signal,
  })
  expect(result.outcome).toBe('not started')
  expect(result.reason).toContain('ENOENT')
})

test('what the system refuses to start is an outcome, not a failure of ours', async () => {
  const run = (file: string, args: string[]) =>
    runProgram({
      file,
      args,
      cwd: dir,
      env: {},
      timeoutMs: 20_000,
      maxOutputBytes: 1000,
      signal: new AbortController().signal,
    })
  const script = join(dir, 'script')
  writeFileSync(script, '#!/bin/sh\n', { mode: 0o755 })
  // As a pull of the repository does while it replaces a plugin.
  const writing = openSync(script, 'a')
  const busy = await run(script, [])
  closeSync(writing)
  // Some kernels start a file that is being written.
  expect(busy.outcome === 'exited' ? 'ETXTBSY' : busy.reason).toContain('ETXTBSY')
  expect(await run('sh', ['-c', ':', 'x'.repeat(200_000)])).toMatchObject({
    outcome: 'not started',
    reason: expect.stringContaining('E2BIG') as unknown,
  })
  expect(await run('sh', ['-c', ':', 'a\0b'])).toMatchObject({
    outcome: 'not started',
    reason: expect.stringContaining('null bytes') as unknown,
  })
  expect(await run(script, [])).toMatchObject({ outcome: 'exited', exit: 0 })
})

test('a stop kills what runs, also what was only about to', async () => {
  const stop = new AbortController()
  const running = shell('sleep 600', { signal: stop.signal })
  stop.abort()
  expect((await running).outcome).toBe('stopped')
  expect((await shell('sleep 600', { signal: stop.signal })).outcome).toBe('stopped')
})
