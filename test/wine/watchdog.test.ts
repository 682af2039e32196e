import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { projectRoot } from '#lib/module'
import { openWine } from './stand.ts'

test('on Windows a process whose event loop hangs is ended by its watchdog, and one that lives is not', async () => {
  const wine = await openWine()
  const room = mkdtempSync(join(tmpdir(), 'watchdog-'))
  const file = join(room, 'said')
  try {
    await expect(wine.run(join(projectRoot, 'test/wine/hung.ts'), file)).rejects.toThrow('It ended with 1:')
    expect(readFileSync(file, 'utf8')).toBe('put off')
  } finally {
    wine.remove()
    rmSync(room, { recursive: true, force: true })
  }
})
