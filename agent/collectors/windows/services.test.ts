import { expect, test } from 'vitest'
import type { Service } from '../../host/windows/host.ts'
import { createServicesCollector, serviceSamples } from './services.ts'

const on = (name: string): [string, Service] => [name.toLowerCase(), { name, running: true }]
const off = (name: string): [string, Service] => [name.toLowerCase(), { name, running: false }]
const lines = (...args: Parameters<typeof serviceSamples>) =>
  serviceSamples(...args).map((it) => [it.metric, it.tags, it.value].join(' '))

test('a service that is installed but stopped is not alive', () => {
  const choice = { iis: true, sqlServer: false }
  expect(lines(new Map([off('W3SVC')]), choice)).toEqual(['service.alive  0'])
  expect(lines(new Map([on('W3SVC')]), choice)).toEqual(['service.alive  1'])
  expect(lines(new Map(), choice)).toEqual(['service.alive  0'])
})

test('each named instance of SQL Server has its own, with its name as tag', () => {
  const services = new Map([on('MSSQLSERVER'), off('MSSQL$REPORTS'), on('SQLAgent$REPORTS'), on('MSSQL$Web')])
  const samples = lines(services, { iis: false, sqlServer: true })
  expect(samples).toEqual(
    expect.arrayContaining([
      'MSSQLSERVER.alive  1',
      'MSSQLSERVER.alive instance=REPORTS 0',
      'MSSQLSERVER.alive instance=Web 1',
      'SQLServerAgent.alive instance=REPORTS 1',
    ]),
  )
})

test('newer names of the same services count, and one version of several is enough', () => {
  const services = new Map([off('MsDtsServer130'), on('MsDtsServer150'), on('SQLServerReportingServices')])
  const samples = lines(services, { iis: false, sqlServer: true })
  expect(samples).toEqual(expect.arrayContaining(['MSDtsServer.alive  1', 'ReportServer.alive  1']))
})

test('what is installed is looked up every ten minutes, what runs each time', async () => {
  const services = new Map([on('W3SVC'), on('Spooler'), off('MSSQL$REPORTS')])
  const asked: string[] = []
  let lists = 0
  let nowMs = 0
  const collector = createServicesCollector(
    {
      services: async () => (lists++, services),
      serviceRunning: async (name) => (asked.push(name), services.get(name.toLowerCase())?.running),
      now: () => nowMs,
    },
    { iis: true, sqlServer: true },
  )
  const alive = async () => (await collector.collect()).find((it) => it.metric === 'service.alive')?.value
  expect(await alive()).toBe(1)
  services.set(...off('W3SVC'))
  nowMs = 60_000
  expect(await alive()).toBe(0)
  expect([lists, asked]).toEqual([1, ['W3SVC', 'MSSQL$REPORTS']])
  services.set(...on('W3SVC'))
  nowMs = 600_000
  expect(await alive()).toBe(1)
  expect(lists).toBe(2)
})
