import { isSea } from 'node:sea'

/** Program and arguments that start this agent once more; what the new one is to do comes behind them. */
export function ownCommand(): readonly string[] {
  // In an executable the second word is its own path again, and is given by Node.
  if (isSea()) return [process.execPath]
  // A debugger's port is taken already.
  const execArgv = process.execArgv.filter((word) => !word.startsWith('--inspect'))
  return [process.execPath, ...execArgv, process.argv[1] ?? '']
}
