import { createSocket } from 'node:dgram'
import type { Socket } from 'node:dgram'
import { once } from 'node:events'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { answerQuestions } from '../host/fixture-dns.ts'
import { checkContract } from './check.contract.ts'
import type { Outcome } from './check.ts'
import { dns } from './dns.ts'
import { runChecks } from './fixture-run.ts'

let server: Socket
let silent: Socket
beforeAll(async () => {
  server = await answerQuestions((name, type) => {
    if (name === 'a.example' && type === 'A') return ['10.0.0.1', '10.0.0.2']
    if (name === 'a.example' && type === 'AAAA') return ['fd00::1']
    if (name === 'a.example' && type === 'TXT') return ['v=spf1 -all, really']
    return name === 'a.example' ? [] : undefined
  })
  silent = createSocket('udp4').bind(0, '127.0.0.1')
  await once(silent, 'listening')
})
afterAll(() => {
  server.close()
  silent.close()
})

async function ask(tags: string, of = server): Promise<Outcome> {
  const [outcome] = await runChecks(dns, [`lookup=${tags},server=localhost,port=${of.address().port}`])
  return outcome ?? expect.fail('no outcome')
}

const took = expect.any(Number) as number

test.each([
  ['a.example', 2, '10.0.0.1 10.0.0.2'],
  ['a.example,type=AAAA', 1, 'fd00::1'],
  ['a.example,type=TXT,expect=v=spf1 -all, really', 1, 'v=spf1 -all, really'],
  ['a.example,expect=10.0.0.2', 2, '10.0.0.1 10.0.0.2'],
])('a name that has it is good: %s', async (tags, count, note) => {
  expect(await ask(tags)).toMatchObject({
    values: { 'dns.ok': 1, 'dns.latency': took, 'dns.answers': count },
    note,
  })
})

test('an answer that is not the expected one is not good', async () => {
  expect(await ask('a.example,expect=10.0.0.3')).toMatchObject({
    values: { 'dns.ok': 0, 'dns.latency': took, 'dns.answers': 2 },
    reason: '"10.0.0.3" is not among the answers: 10.0.0.1 10.0.0.2',
  })
})

test('that there is nothing is an answer with a latency; no answer has none', async () => {
  const nothing = { 'dns.ok': 0, 'dns.answers': 0 }
  expect(await ask('b.example')).toMatchObject({
    values: { ...nothing, 'dns.latency': took },
    reason: 'there is no such name',
  })
  expect(await ask('a.example,type=NS')).toMatchObject({
    values: { ...nothing, 'dns.latency': took },
    reason: 'the name has nothing of this type',
  })
  const outcome = await ask('a.example,timeout=1', silent)
  expect(outcome).toMatchObject({ reason: 'no answer in 1 s' })
  expect(outcome.values).toEqual(nothing)
})

test('a server whose own name is not known is not good', async () => {
  const [outcome] = await runChecks(dns, ['lookup=a.example,server=absent.invalid.,timeout=1'])
  expect(outcome?.values).toEqual({ 'dns.ok': 0, 'dns.answers': 0 })
  expect(outcome?.reason).toContain('Cannot resolve absent.invalid.: ')
})

checkContract(
  dns,
  [
    'lookup=a.example,server=127.0.0.1,port=1,timeout=1',
    'lookup=a,type=MX,server=127.0.0.1,port=2,timeout=1,expect=a,b',
  ],
  ['lookup=', 'type=A', 'lookup=a,type=ANY', 'lookup=a,type=a', 'lookup=a,port=0', 'lookup=a,timeout=31'],
)
