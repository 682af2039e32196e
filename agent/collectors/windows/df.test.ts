import { expect, test } from 'vitest'
import { StuckError } from '../../host/slow-calls.ts'
import { createDfCollector } from './df.ts'

const volume = { fileSystem: 'NTFS', total: 100, free: 40, available: 40 }

test('a drive that hangs or fails costs its own samples and says so; an empty one says nothing', async () => {
  const df = createDfCollector(
    {
      drives: async () => ['C', 'D', 'E', 'F'],
      async volume(letter) {
        if (letter === 'D') throw new StuckError('drive D:', 'hangs', 3000)
        if (letter === 'E') throw new Error('Cannot read')
        return letter === 'C' ? volume : undefined
      },
    },
    [],
    'windows-agent',
  )
  expect((await df.collect()).map((it) => `${it.metric} ${it.tags} ${it.value}`)).toEqual([
    'df.used.percent disk=C 60',
    'df.byte.total disk=C 100',
    'df.byte.used disk=C 60',
    'df.byte.free disk=C 40',
    'df.stuck mount=D: 1',
    'df.unreadable mount=E: 1',
  ])
})

test.each([['C:'], ['c:\\'], ['C']])('only the drive named as %s is taken', async (name) => {
  const df = createDfCollector({ drives: async () => ['C', 'D'], volume: async () => volume }, [name, '/data'], 'linux')
  const tags = new Set((await df.collect()).map((it) => it.tags))
  expect(tags).toEqual(new Set(['fstype=NTFS,mount=C:', '']))
})
