import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { hostname, tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { hostRootOf, systemName } from './host-root.ts'

let root: string
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'host-root-'))
  mkdirSync(join(root, 'etc'))
})
afterEach(() => rmSync(root, { recursive: true }))

test('the configuration says where the host is, else the environment, else it is here', () => {
  expect(hostRootOf({ hostRoot: '/host' }, { NUX_ROOTFS: '/rootfs' })).toBe('/host')
  expect(hostRootOf({ hostRoot: '' }, { NUX_ROOTFS: '/rootfs' })).toBe('/rootfs')
  expect(hostRootOf({ hostRoot: '' }, { NUX_ROOTFS: '' })).toBe('/')
  expect(hostRootOf({ hostRoot: '' }, {})).toBe('/')
})

test('in a container the host has the name that is written on its disk', () => {
  writeFileSync(join(root, 'etc/hostname'), 'db7.example\n')
  expect(systemName(root)).toBe('db7.example')
  expect(systemName('/')).toBe(hostname())
})

test.each(['', 'localhost.localdomain\n'])('a host whose disk says %j is called as the system is', (text) => {
  writeFileSync(join(root, 'etc/hostname'), text)
  expect(systemName(root)).toBe(hostname())
})

test('a host without such a file is called as the system is', () => {
  expect(systemName(join(root, 'absent'))).toBe(hostname())
})
