import { expect, test } from 'vitest'
import { interfaceFilter } from './interfaces.ts'

const names = [
  'lo',
  'eth0',
  'ens3',
  'enp1s0f1',
  'bond0',
  'bond0.100',
  'wlp2s0',
  'veth12ab',
  'docker0',
  'br-7f',
  'br0',
  'tap1',
]
const kept = (choice: Partial<Parameters<typeof interfaceFilter>[0]>) =>
  names.filter(interfaceFilter({ ifacePrefix: [], ifaceInclude: [], ...choice }))

test('by itself it takes what belongs to the machine, and nothing of its containers', () => {
  expect(kept({})).toEqual(['eth0', 'ens3', 'enp1s0f1', 'bond0', 'bond0.100', 'wlp2s0', 'br0'])
})

test('prefixes are as ever: these and no others, guests too when they are named', () => {
  expect(kept({ ifacePrefix: ['eth', 'docker'] })).toEqual(['eth0', 'docker0'])
})

test('patterns include and exclude; what is excluded stays out, also of prefixes', () => {
  expect(kept({ ifaceInclude: ['en*', 'veth????'] })).toEqual(['ens3', 'enp1s0f1', 'veth12ab'])
  expect(kept({ ifaceInclude: ['*'], ifaceExclude: ['bond0.*', 'l*', 'v*'] })).toEqual([
    'eth0',
    'ens3',
    'enp1s0f1',
    'bond0',
    'wlp2s0',
    'docker0',
    'br-7f',
    'br0',
    'tap1',
  ])
  expect(kept({ ifacePrefix: ['e'], ifaceExclude: ['enp*'] })).toEqual(['eth0', 'ens3'])
  expect(kept({ ifaceExclude: [] })).toEqual(names)
})

test('only stars and question marks are special', () => {
  expect(names.filter(interfaceFilter({ ifacePrefix: [], ifaceInclude: ['bond0.100', 'eth.'] }))).toEqual(['bond0.100'])
})
