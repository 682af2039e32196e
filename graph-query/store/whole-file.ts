import { open, rename } from 'node:fs/promises'

/** Writes a file that appears whole or not at all. Its name is on the disk once its folder is synced. */
export async function writeWhole(path: string, text: string): Promise<void> {
  const handle = await open(`${path}.tmp`, 'w')
  try {
    await handle.writeFile(text)
    await handle.sync()
  } finally {
    await handle.close()
  }
  await rename(`${path}.tmp`, path)
}
