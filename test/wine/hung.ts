import { writeFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { loadKoffi } from '../../agent/host/load-koffi.ts'
import { startWatchdog } from '../../agent/service/windows/watchdog.ts'

// Runs in node.exe: puts the watchdog off for longer than the silence it allows, says so in a file, then hangs for ever.

const silenceMs = 2000
const [file = ''] = process.argv.slice(2)

async function main(): Promise<void> {
  const putOff = startWatchdog(await loadKoffi(), silenceMs)
  for (const until = Date.now() + 2 * silenceMs; Date.now() < until;) {
    await sleep(100)
    putOff()
  }
  writeFileSync(file, 'put off')
  for (;;);
}

void main()
