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

// Each test starts dozens of git processes.
vi.setConfig({ testTimeout: 90_000 })

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

function repository(dir: string, gitUrl: string, enabled = true, gitSeconds = 20, path = process.env['PATH'] ?? '') {
  let changes = 0
  const stop = new AbortController()
  const made = createPluginRepository({
    settings: () => ({ enabled, dir, git: gitUrl, gitSeconds }),
    root,
    env: { PATH: path, HOME: root },
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
  expect(await patient.made.update()).toBe('success')
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
  expect(await repository('plugin', url).made.update()).toBe('success')
})

test('a server that went away, and what stands in the way, are told with what it means', async () => {
  const { url, commit } = origin()
  const { made } = repository('plugin', url)
  const here = join(root, 'plugin')
  expect(await made.update()).toBe('success')
  const first = git(here, 'rev-parse', 'HEAD')
  commit('two')
  writeFileSync(join(here, '60_a.sh'), 'local')
  expect(await made.update()).toContain('local changes are in the way')
  expect(readFileSync(join(here, '60_a.sh'), 'utf8')).toBe('local')
  expect(git(here, 'rev-parse', 'HEAD')).toBe(first)
  expect(await made.reset()).toBe('success')
  expect(await made.update()).toBe('success')

  git(here, 'checkout', '-q', '--detach')
  expect(await made.update()).toContain('no branch is checked out')
  git(here, 'checkout', '-q', 'main')
  git(join(root, 'origin.git'), 'branch', '-m', 'main', 'other')
  expect(await made.update()).toContain('its branch is gone from the server')
  git(join(root, 'origin.git'), 'branch', '-m', 'other', 'main')
  expect(await made.update()).toBe('success')

  git(here, 'remote', 'set-url', 'origin', 'http://user:secret@127.0.0.1:9/x.git')
  const refused = await made.update()
  expect(refused).toContain('exit status 128: fatal:')
  expect(refused).not.toContain('secret')
  rmSync(join(root, 'origin.git'), { recursive: true })
  git(here, 'remote', 'set-url', 'origin', url)
  expect(await made.update()).toContain('does not appear to be a git repository')
  expect(readFileSync(join(here, '60_a.sh'), 'utf8')).toBe('two')
})

test('a branch written anew on the server is followed; local commits are merged, and contradictions leave all as it was', async () => {
  const { url, commit } = origin()
  const { made } = repository('plugin', url)
  const here = join(root, 'plugin')
  const author = join(root, 'author')
  const there = () => readFileSync(join(here, '60_a.sh'), 'utf8')
  commit('two')
  expect(await made.update()).toBe('success')
  git(author, 'reset', '-q', '--hard', 'HEAD~1')
  writeFileSync(join(author, '60_a.sh'), 'anew')
  git(author, 'commit', '-q', '-am', 'anew')
  git(author, 'push', '-q', '--force', 'origin', 'HEAD:main')
  expect(await made.update()).toBe('success')
  expect(there()).toBe('anew')

  git(here, 'config', 'user.name', 't')
  git(here, 'config', 'user.email', 't@t.example')
  writeFileSync(join(here, '60_own.sh'), 'own')
  git(here, 'add', '.')
  git(here, 'commit', '-q', '-m', 'own')
  commit('three')
  expect(await made.update()).toBe('success')
  expect([there(), readFileSync(join(here, '60_own.sh'), 'utf8')]).toEqual(['three', 'own'])

  writeFileSync(join(here, '60_a.sh'), 'mine')
  git(here, 'commit', '-q', '-am', 'mine')
  commit('theirs')
  expect(await made.update()).toContain('local commits contradict those of the server')
  expect(there()).toBe('mine')
  expect(git(here, 'status', '--porcelain')).toBe('')
})

test('an agent that was killed amid an update starts nothing until the files are of one revision again', async () => {
  const { url } = origin()
  expect(await repository('plugin', url).made.update()).toBe('success')
  const here = join(root, 'plugin')
  const killed = () => {
    const commit = git(here, 'rev-parse', 'HEAD')
    writeFileSync(join(here, '.git/falcon-replacing'), JSON.stringify({ commit, changed: false }))
    writeFileSync(join(here, '.git/index.lock'), '')
    writeFileSync(join(here, '60_a.sh'), 'hal')
  }
  killed()
  const { made } = repository('plugin', url)
  await made.restore()
  expect(made.isReplacing()).toBe(false)
  expect(readFileSync(join(here, '60_a.sh'), 'utf8')).toBe('one')
  expect(git(here, 'status', '--porcelain')).toBe('')

  // Where git is missing it can only wait.
  killed()
  const without = repository('plugin', url, true, 20, '/nonexistent').made
  await without.restore()
  expect(without.isReplacing()).toBe(true)
  expect(await without.update()).toContain('git is not installed')
  expect(await made.update()).toBe('success')
  expect(readFileSync(join(here, '60_a.sh'), 'utf8')).toBe('one')
})

test('a disk on which the new files cannot be written keeps the old ones', async () => {
  const { url, commit } = origin()
  const { made } = repository('plugin', url)
  expect(await made.update()).toBe('success')
  const here = join(root, 'plugin')
  const first = git(here, 'rev-parse', 'HEAD')
  // A folder in the place of a new file, which is what git meets when it cannot write.
  mkdirSync(join(root, 'author/app'))
  writeFileSync(join(root, 'author/app/60_b.sh'), 'b')
  commit('two')
  writeFileSync(join(here, 'app'), 'in the way')
  expect(await made.update()).toMatch(/fail\. error: .*app/)
  expect(made.isReplacing()).toBe(false)
  expect(git(here, 'rev-parse', 'HEAD')).toBe(first)
  expect(readFileSync(join(here, '60_a.sh'), 'utf8')).toBe('one')
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
