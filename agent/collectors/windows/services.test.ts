import { expect, test } from 'vitest'
import type { Service } from '../../host/windows/host.ts'
import { serviceSamples } from './services.ts'

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
