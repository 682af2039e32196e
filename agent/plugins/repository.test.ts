import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { createLogger } from '#lib/log'
import { createPluginRepository } from './repository.ts'
import { pluginRevision } from './revision.ts'

let root: string
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'repository-'))
})
afterEach(() => rmSync(root, { recursive: true }))

const author = ['-c', 'user.name=t', '-c', 'user.email=t@t.example', '-c', 'commit.gpgsign=false']
function git(cwd: string, ...args: string[]): string {
  return execFileSync('git', [...author, ...args], { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }).trim()
}

/** A bare repository with one commit, and a work tree that pushes to it. */
function origin(): { url: string; commit: (content: string) => string } {
  git(root, 'init', '-q', '--bare', '-b', 'main', 'origin.git')
  git(root, 'clone', '-q', 'origin.git', 'author')
  const author = join(root, 'author')
  const commit = (content: string) => {
    writeFileSync(join(author, '60_a.sh'), content)
    git(author, 'add', '.')
    git(author, 'commit', '-q', '-m', content)
    git(author, 'push', '-q', 'origin', 'HEAD:main')
    return git(author, 'rev-parse', 'HEAD')
  }
  commit('one')
  return { url: `file://${join(root, 'origin.git')}`, commit }
}

function repository(dir: string, gitUrl: string, enabled = true, gitSeconds = 20) {
  let changes = 0
  const stop = new AbortController()
  const made = createPluginRepository({
    settings: () => ({ enabled, dir, git: gitUrl, gitSeconds }),
    root,
    env: { PATH: process.env['PATH'] ?? '', HOME: root },
    log: createLogger('agent', { destination: { write: () => undefined } }),
    onChange: () => changes++,
    stopping: stop.signal,
  })
  return { made, changes: () => changes, stop: () => stop.abort() }
}

test('a first update clones, a second pulls, a reset throws local changes away; the revision follows', async () => {
  const { url, commit } = origin()
  const { made, changes } = repository('var/plugin', url)
  const file = join(root, 'var/plugin/60_a.sh')
  expect(await pluginRevision(join(root, 'var/plugin'), true)).toBe('plugin dir not existent')
  expect(await made.update()).toBe('success')
  expect(readFileSync(file, 'utf8')).toBe('one')
  const second = commit('two')
  expect(await made.update()).toBe('success')
  expect(readFileSync(file, 'utf8')).toBe('two')
  expect(await pluginRevision(join(root, 'var/plugin'), true)).toBe(second)
  writeFileSync(file, 'local')
  expect(await made.reset()).toBe('success')
  expect(readFileSync(file, 'utf8')).toBe('two')
  expect(changes()).toBe(3)
  git(join(root, 'var/plugin'), 'pack-refs', '--all')
  expect(await pluginRevision(join(root, 'var/plugin'), true)).toBe(second)
  git(join(root, 'var/plugin'), 'checkout', '-q', '--detach')
  expect(await pluginRevision(join(root, 'var/plugin'), true)).toBe(second)
})

test('failures keep the known words and add git’s reason', async () => {
  mkdirSync(join(root, 'notrepo'))
  const plain = repository('./notrepo', 'file:///nonexistent.git').made
  expect(await plain.update()).toMatch(/^git pull in dir:\.\/notrepo fail\. error: exit status 128: fatal: not a git/)
  expect(await plain.reset()).toMatch(/^git reset --hard in dir:\.\/notrepo fail\. error: exit status 128: fatal:/)
  const missing = repository('missing/plugin', 'file:///nonexistent.git').made
  expect(await missing.reset()).toBe('success')
  expect(await missing.update()).toMatch(/^git clone in dir:missing fail\. error: exit status 128: fatal:/)
  expect(await repository('none', '').made.update()).toContain('plugin.git names no repository')
  expect(await repository('none', '', false).made.update()).toBe('plugin not enabled')
  expect(await pluginRevision(join(root, 'notrepo'), true)).toBe('Error:not a git repository')
  expect(await pluginRevision(root, false)).toBe('plugin not enabled')
})

test('a directory inside of another repository is not taken for that repository', async () => {
  git(root, 'init', '-q', '-b', 'main', '.')
  writeFileSync(join(root, 'precious'), 'committed')
  git(root, 'add', 'precious')
  git(root, 'commit', '-q', '-m', 'x')
  writeFileSync(join(root, 'precious'), 'work of today')
  mkdirSync(join(root, 'var/plugin'), { recursive: true })
  expect(await repository('var/plugin', 'file:///nonexistent.git').made.reset()).toContain('not a git repository')
  expect(readFileSync(join(root, 'precious'), 'utf8')).toBe('work of today')
})

test('a second operation while one is under way is turned away', async () => {
  const { url } = origin()
  const { made } = repository('plugin', url)
  const [first, second] = await Promise.all([made.update(), made.update()])
  expect(first).toBe('success')
  expect(second).toContain('another update or reset is under way')
  expect(existsSync(join(root, 'plugin/60_a.sh'))).toBe(true)
})

test('a server that never answers is given up, as it is when the agent stops, and no git goes on waiting for it', async () => {
  const { url } = origin()
  const { made } = repository('plugin', url, true, 1)
  const patient = repository('plugin', url)
  expect(await made.update()).toBe('success')
  const silent = createServer().listen(0, '127.0.0.1')
  await once(silent, 'listening')
  try {
    const { port } = silent.address() as AddressInfo
    git(join(root, 'plugin'), 'remote', 'set-url', 'origin', `git://127.0.0.1:${port}/x.git`)
    expect(await made.update()).toBe('git pull in dir:plugin fail. error: no end after 1 s')
    await vi.waitFor(() => expect(processesIn(root)).toEqual([]))
    const update = patient.made.update()
    await vi.waitFor(() => expect(processesIn(root)).toEqual(['git']))
    patient.stop()
    expect(await update).toBe('git pull in dir:plugin fail. error: the agent stops')
    await vi.waitFor(() => expect(processesIn(root)).toEqual([]))
  } finally {
    silent.close()
  }
  git(join(root, 'plugin'), 'remote', 'set-url', 'origin', url)
  expect(await made.update()).toBe('success')
})

/** Names of the processes whose working directory is in `folder`. */
function processesIn(folder: string): string[] {
  return readdirSync('/proc').flatMap((pid) => {
    try {
      const inside = readlinkSync(`/proc/${pid}/cwd`).startsWith(folder)
      return inside ? [readFileSync(`/proc/${pid}/comm`, 'utf8').trim()] : []
    } catch {
      // No process, or one that is gone.
      return []
    }
  })
}
