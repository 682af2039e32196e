import { describe, expect, test } from 'vitest'
import { readLines } from './lines.ts'
import { readOutput } from './output.ts'
import type { Plugin } from './plan.ts'

const plugin = (FilePath: string, Args = ''): Plugin => ({ FilePath, Args, MTime: 0, Cycle: 60 })
const shell = plugin('app/60_x.sh')

function samples(from: Plugin, exit: number, text: string): unknown {
  const read = readOutput(from, exit, text)
  if (read?.ok !== true) return read?.reason
  return (JSON.parse(read.value.items) as { metric: string; value: number; tags: string; counterType: string }[]).map(
    ({ metric, value, tags, counterType }) => [metric, value, tags, counterType],
  )
}

describe('JSON', () => {
  test('goes on as it is, whatever the file is called and however it ends', () => {
    const text = '[{"metric":"a","value":1}]\n'
    for (const from of [shell, plugin('60_check_disk')])
      expect(readOutput(from, 0, text)).toEqual({ ok: true, value: { format: 'json', items: text } })
    expect(readOutput(shell, 0, 'null')).toMatchObject({ value: { format: 'json' } })
    expect(readOutput(shell, 0, '[1] behind')).toMatchObject({ value: { items: '[1] behind' } })
  })

  test('no output is no output', () => expect(readOutput(plugin('60_check_disk'), 2, '')).toBeUndefined())
})

describe('lines', () => {
  test('a metric, a value, tags and a type, at the cycle of the plugin', () => {
    const text = '# comment\nload.short 0.25\r\n\njobs.done 17 queue=mail,host=a COUNTER\nx -1e3 DERIVE\n y\t.5 \n'
    expect(samples(shell, 0, text)).toEqual([
      ['load.short', 0.25, '', 'GAUGE'],
      ['jobs.done', 17, 'queue=mail,host=a', 'COUNTER'],
      ['x', -1000, '', 'DERIVE'],
      ['y', 0.5, '', 'GAUGE'],
    ])
    expect(readOutput(shell, 0, 'a 1')).toMatchObject({
      value: { items: expect.stringContaining('"step":60') as unknown },
    })
  })

  test.each([
    'hello',
    'a 1\nChecking disks...\nb 2',
    'a b',
    'a 1 2',
    'a 1 tag',
    'a 1 k=v,oops',
    'a 1 k=v GAUGE more',
    '1 2',
    'a 0x10',
  ])('%j is talk, so nothing of it is taken', (text) => {
    expect(readLines(text)).toMatchObject({ ok: false })
    expect(samples(shell, 0, text)).toMatch(/^it is not JSON, and line \d is not/)
  })
})

describe('Nagios', () => {
  const disk = 'DISK OK - free space: / 3326 MB (56%); | /=2643MB;5948;5958;0;5968 /boot=68MB;88;93;0;98\n'

  test('is known by its name, or by its performance data and its exit code', () => {
    expect(samples(plugin('60_check_disk.sh'), 2, 'DISK CRITICAL')).toEqual([
      ['nagios.status', 2, 'check=disk', 'GAUGE'],
    ])
    expect(samples(shell, 1, disk)).toContainEqual(['nagios.status', 1, 'check=x', 'GAUGE'])
    expect(samples(shell, 0, 'all is well')).toContain('not JSON')
    expect(samples(shell, 0, 'either | or')).toContain('not JSON')
    expect(samples(plugin('60_check_disk.sh'), 4, disk)).toContain('not JSON')
    expect(samples(plugin('60_check_mail'), 0, '[OK] queue 3 | queue=3')).toContainEqual([
      'nagios.mail',
      3,
      'label=queue',
      'GAUGE',
    ])
  })

  test('its values come in bytes, seconds or as they are, its first line as the message', () => {
    expect(samples(plugin('60_check_disk', '-w,20%,-p,/'), 0, disk)).toEqual([
      ['nagios.status', 0, 'check=disk,args=-w_20%_-p_/', 'GAUGE'],
      ['nagios.disk', 2643 * 2 ** 20, 'label=/,args=-w_20%_-p_/', 'GAUGE'],
      ['nagios.disk', 68 * 2 ** 20, 'label=/boot,args=-w_20%_-p_/', 'GAUGE'],
    ])
    expect(readOutput(plugin('60_check_disk'), 0, disk)).toMatchObject({
      value: { format: 'nagios', message: 'DISK OK - free space: / 3326 MB (56%);' },
    })
  })

  test('labels in quotes, commas for points, counters, percents and unknown values', () => {
    const text = `OK | 'C:\\ used'=3,5GB;;;; 'it''s, a=b'=12% time=250us in=77c none=U 5min=1.5e2;; size=2KiB rta=0.02ms;200.000;500.000;0;`
    expect(samples(plugin('a/60_check_all.py'), 0, text)).toEqual([
      ['nagios.status', 0, 'check=all', 'GAUGE'],
      ['nagios.all', 3.5 * 2 ** 30, 'label=C:\\_used', 'GAUGE'],
      ['nagios.all', 12, "label=it's_a_b", 'GAUGE'],
      ['nagios.all', 0.00025, 'label=time', 'GAUGE'],
      ['nagios.all', 77, 'label=in', 'COUNTER'],
      ['nagios.all', 150, 'label=5min', 'GAUGE'],
      ['nagios.all', 2048, 'label=size', 'GAUGE'],
      ['nagios.all', 0.00002, 'label=rta', 'GAUGE'],
    ])
  })

  test('performance data goes on behind a second bar', () => {
    const text = 'OK - first | a=1\nlong text with b=2\nand more | c=3\nd=4\n'
    expect(samples(plugin('60_check_long'), 0, text)).toEqual([
      ['nagios.status', 0, 'check=long', 'GAUGE'],
      ['nagios.long', 1, 'label=a', 'GAUGE'],
      ['nagios.long', 3, 'label=c', 'GAUGE'],
      ['nagios.long', 4, 'label=d', 'GAUGE'],
    ])
  })
})
