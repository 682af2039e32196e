import { extname, win32 } from 'node:path'
import type { Reading } from '#protocol'

/** How a plugin file is started. */
export interface Command {
  readonly file: string
  readonly args: readonly string[]
  /** The arguments are quoted already. */
  readonly verbatim: boolean
  /** Whether the system looks for `#!` in it. */
  readonly needsInterpreterLine: boolean
}

const powershell = ['-NoProfile', '-NonInteractive', '-ExecutionPolicy', 'Bypass', '-File']

/** Windows starts programs; for what is none it has to be said which program reads it. */
const readers: Readonly<
  Record<string, (file: string, args: readonly string[]) => Reading<Omit<Command, 'needsInterpreterLine'>>>
> = {
  '.exe': (file, args) => program(file, args),
  '.com': (file, args) => program(file, args),
  '.bat': (file, args) => batch(file, args),
  '.cmd': (file, args) => batch(file, args),
  '.ps1': (file, args) =>
    program(inSystem(String.raw`WindowsPowerShell\v1.0\powershell.exe`), [...powershell, file, ...args]),
  '.vbs': (file, args) => program(inSystem('cscript.exe'), ['//nologo', '//b', file, ...args]),
  '.py': (file, args) => program('python.exe', [file, ...args]),
}

/** Not ok, with the reason, for what this system cannot start. */
export function commandFor(file: string, args: readonly string[], onWindows = isWindows): Reading<Command> {
  if (!onWindows) return { ok: true, value: { file, args, verbatim: false, needsInterpreterLine: true } }
  const reader = readers[extname(file).toLowerCase()]
  if (!reader) return { ok: false, reason: `Windows runs ${Object.keys(readers).join(' ')} only` }
  const read = reader(file, args)
  return read.ok ? { ok: true, value: { ...read.value, needsInterpreterLine: false } } : read
}

export const isWindows = process.platform === 'win32'

function program(file: string, args: readonly string[]): Reading<Omit<Command, 'needsInterpreterLine'>> {
  return { ok: true, value: { file, args, verbatim: false } }
}

/**
 * A batch file: the interpreter reads the line itself, by its own rules. Within quotes it leaves all characters alone but
 * `%`, and `"` ends them. Behind each percent sign stands a variable that is always empty, so that no name can begin
 * there. An argument with a quote or a line end cannot be said.
 */
function batch(file: string, args: readonly string[]): Reading<Omit<Command, 'needsInterpreterLine'>> {
  const odd = [file, ...args].find((word) => /["\r\n\0]/.test(word))
  if (odd !== undefined) return { ok: false, reason: `a batch file cannot be given ${JSON.stringify(odd)}` }
  const words = [file, ...args].map((word) => `"${word.replaceAll('%', '%%cd:~,%')}"`)
  return {
    ok: true,
    value: {
      file: inSystem('cmd.exe'),
      args: ['/d', '/e:on', '/v:off', '/s', '/c', `"${words.join(' ')}"`],
      verbatim: true,
    },
  }
}

/** By its whole path, so that no file of the same name in the working directory is started. */
function inSystem(name: string): string {
  return win32.join(process.env['SystemRoot'] ?? String.raw`C:\Windows`, 'System32', name)
}
