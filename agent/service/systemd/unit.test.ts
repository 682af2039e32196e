import { expect, test } from 'vitest'
import { unitText } from './unit.ts'

const none = { memoryMegabytes: 0, cpuPercent: 0 }
const lines = (text: string) => text.split('\n')

test('words of the command line reach the agent as they are, whatever systemd would read in them', () => {
  const text = unitText(
    ['/opt/my agent/agent', 'run-service', '--config', String.raw`/etc/50%"$a\b.json`],
    '/opt/a%b',
    none,
  )
  expect(lines(text)).toContain(
    String.raw`ExecStart="/opt/my agent/agent" "run-service" "--config" "/etc/50%%\"$$a\\b.json"`,
  )
  expect(lines(text)).toContain('WorkingDirectory=/opt/a%%b')
})

test('systemd restarts whatever ends or says nothing, with no end, and within a minute', () => {
  const set = new Map(lines(unitText(['/a'], '/', none)).map((line) => line.split('=', 2) as [string, string]))
  expect(set.get('Restart')).toBe('always')
  expect(set.get('StartLimitIntervalSec')).toBe('0')
  expect(Number(set.get('WatchdogSec')) + Number(set.get('RestartSec'))).toBeLessThan(55)
  expect(set.get('WatchdogSignal')).toBe('SIGKILL')
  expect(set.has('MemoryMax')).toBe(false)
  expect(set.has('CPUQuota')).toBe(false)
})

test('the limits of the agent become those of its unit', () => {
  const text = unitText(['/a'], '/', { memoryMegabytes: 100, cpuPercent: 20 })
  expect(lines(text)).toContain('MemoryMax=200M')
  expect(lines(text)).toContain('CPUQuota=20%')
})
