import { expect, test } from 'vitest'
import { createLinuxHost } from '../host/linux.ts'
import { checkContract } from './check.contract.ts'
import { runChecks } from './fixture-run.ts'
import { serviceState } from './service-state.ts'

const real = createLinuxHost({ root: '/' })

test('a service that runs is 1, one that does not is 0 and says so', async () => {
  const host = { ...real, serviceRunning: async (name: string) => name === 'nginx' }
  expect(await runChecks(serviceState, ['name=nginx', ' name = gone '], { host })).toEqual([
    { values: { 'service.state': 1 } },
    { values: { 'service.state': 0 }, reason: 'it does not run' },
  ])
})

test('where nothing manages services, none is said to be down', async () => {
  const host = createLinuxHost({ root: '/absent' })
  expect(await runChecks(serviceState, ['name=nginx'], { host })).toEqual([
    { values: {}, reason: 'nothing manages services here' },
  ])
})

test('when systemd cannot be asked, none is said to be down either', async () => {
  const host = { ...real, serviceRunning: () => Promise.reject(new Error('no answer')) }
  await expect(runChecks(serviceState, ['name=nginx'], { host })).rejects.toThrow('no answer')
})

checkContract(serviceState, ['name=ssh', ' name = a.socket'], ['name=', 'name= ', 'name=a,b=c', 'name=a=b', 'unit=a'])
