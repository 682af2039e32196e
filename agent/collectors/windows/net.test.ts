import { expect, test } from 'vitest'
import { adapterFilter } from './net.ts'

const none = { ifaceInclude: [] }

test('by itself loopback and tunnels are left out, wherever their name says so', () => {
  const wants = adapterFilter(none)
  expect(['Ethernet', '以太网', 'vEthernet (Default Switch)'].every(wants)).toBe(true)
  expect(['Loopback Pseudo-Interface 1', 'isatap.{4B1}', 'Teredo Tunneling Pseudo-Interface'].some(wants)).toBe(false)
})

test('ifacePrefixIgnore stands in place of them', () => {
  const wants = adapterFilter({ ...none, ifacePrefixIgnore: ['Default Switch'] })
  expect(wants('vEthernet (Default Switch)')).toBe(false)
  expect(wants('isatap.{4B1}')).toBe(true)
})

test('ifaceInclude and ifaceExclude choose by pattern', () => {
  expect(adapterFilter({ ifaceInclude: ['Eth*'] })('Wi-Fi')).toBe(false)
  expect(adapterFilter({ ifaceInclude: ['Eth*'] })('Ethernet 2')).toBe(true)
  expect(adapterFilter({ ifaceInclude: ['Eth*'], ifaceExclude: ['*2'] })('Ethernet 2')).toBe(false)
})
