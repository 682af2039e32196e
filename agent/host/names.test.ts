import { createSocket } from 'node:dgram'
import type { Socket } from 'node:dgram'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { answerQuestions } from './fixture-dns.ts'
import { parseHosts, parseSearch } from './name-files.ts'
import { createNames } from './names.ts'

let folder: string
let server: Socket
let silent: Socket
const asked: string[] = []
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'names-'))
  await writeFile(join(folder, 'hosts'), '10.0.0.1 own.example alias\n')
  await writeFile(join(folder, 'resolv.conf'), 'search a.example b.example\n')
  server = await answerQuestions((name, type) => {
    asked.push(`${type} ${name}`)
    if (name === 'both.example') return type === 'A' ? ['10.0.0.2'] : ['fd00::2']
    if (name === 'web.b.example' && type === 'A') return ['10.0.0.3']
    return undefined
  })
  silent = createSocket('udp4').bind(0, '127.0.0.1')
  await once(silent, 'listening')
})
afterAll(async () => {
  server.close()
  silent.close()
  await rm(folder, { recursive: true })
})
beforeEach(() => void asked.splice(0))

const names = (to = server) =>
  createNames({
    hostsFile: join(folder, 'hosts'),
    resolverFile: join(folder, 'resolv.conf'),
    servers: [`127.0.0.1:${to.address().port}`],
  })

test('an address is its own, if it is of the version that is wanted', async () => {
  expect(await names().addresses('10.9.9.9', 1000)).toEqual(['10.9.9.9'])
  expect(await names().addresses('::1', 1000, 6)).toEqual(['::1'])
  await expect(names().addresses('::1', 1000, 4)).rejects.toThrow('Cannot reach ::1 over IPv4')
  expect(asked).toEqual([])
})

test('the hosts file comes before DNS, and localhost needs neither', async () => {
  expect(await names().addresses('ALIAS', 1000)).toEqual(['10.0.0.1'])
  expect(await names().addresses('localhost', 1000)).toEqual(['127.0.0.1', '::1'])
  expect(asked).toEqual([])
})

test('DNS gives IPv4 before IPv6, or only what is wanted', async () => {
  expect(await names().addresses('both.example', 5000)).toEqual(['10.0.0.2', 'fd00::2'])
  expect(await names().addresses('both.example', 5000, 6)).toEqual(['fd00::2'])
})

test('a short name is tried with the search list, a complete one is not', async () => {
  expect(await names().addresses('web', 5000)).toEqual(['10.0.0.3'])
  expect(asked).toContain('A web.a.example')
  asked.splice(0)
  await expect(names().addresses('web.', 5000)).rejects.toThrow('Cannot resolve web.: there is no such name')
  expect(asked.every((question) => question.endsWith(' web'))).toBe(true)
})

test('who asks for the same name at the same time shares the answer', async () => {
  const same = names()
  await Promise.all(Array.from({ length: 50 }, () => same.addresses('both.example', 5000, 4)))
  expect(asked).toEqual(['A both.example'])
})

test('a server that does not answer costs no more than the deadline', async () => {
  await expect(names(silent).addresses('both.example', 50)).rejects.toThrow(
    'Cannot resolve both.example: no answer in 0.05 s',
  )
})

test('a connection gets its addresses from here too', async () => {
  const lookup = names().lookup(5000)
  const all = await new Promise((resolve) => lookup('both.example', { all: true }, (_, found) => resolve(found)))
  expect(all).toEqual([
    { address: '10.0.0.2', family: 4 },
    { address: 'fd00::2', family: 6 },
  ])
  const error = await new Promise((resolve) => lookup('absent.example.', {}, (problem) => resolve(problem)))
  expect(error).toMatchObject({ message: 'Cannot resolve absent.example.: there is no such name' })
})

test('files of names are read as the system reads them', () => {
  const hosts = parseHosts('# 1.1.1.1 a\n::1 A ip6 # me\n 10.0.0.1\ta b\nnonsense c\n')
  expect(hosts.get('a')).toEqual(['10.0.0.1', '::1'])
  expect(hosts.get('c')).toBeUndefined()
  expect(parseSearch('nameserver 10.0.0.1\ndomain a\nsearch b c\noptions timeout:1 ndots:3')).toEqual({
    search: ['b', 'c'],
    dots: 3,
  })
})
