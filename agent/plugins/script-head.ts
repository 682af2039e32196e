import { closeSync, openSync, readSync } from 'node:fs'

/** What the beginning of a script tells about why it does not run. */
export interface ScriptHead {
  /** Behind `#!`; undefined when there is no such line. */
  readonly interpreter: string | undefined
  /** No program and no script with `#!`. */
  readonly isPlainText: boolean
  readonly hasWindowsLineEnds: boolean
}

const headBytes = 256

/** Undefined when the file cannot be read, which starting it will tell. */
export function readScriptHead(file: string): ScriptHead | undefined {
  const head = Buffer.alloc(headBytes)
  let length: number
  try {
    const handle = openSync(file, 'r')
    try {
      length = readSync(handle, head, 0, headBytes, 0)
    } finally {
      closeSync(handle)
    }
  } catch {
    return undefined
  }
  return parseHead(head.subarray(0, length))
}

export function parseHead(head: Buffer): ScriptHead {
  const text = head.toString('latin1')
  const first = /^#![ \t]*([^\r\n]*)/.exec(text)?.[1]
  return {
    interpreter: first?.split(/[ \t]/)[0],
    isPlainText: first === undefined && !text.includes('\0'),
    hasWindowsLineEnds: text.includes('\r\n'),
  }
}

// Falcon: the kernel's refusal is final; a shell is not tried instead, as libc would.
export const noInterpreterLine = 'exec format error: it has no #! line, begin it with one such as #!/bin/sh'

/** Why the system did not start a file, with what to do about it where the script's beginning shows that. */
export function explainStart(reason: string, head: ScriptHead | undefined): string {
  if (head?.hasWindowsLineEnds === true) return reason + windowsLineEnds
  if (/EACCES/.test(reason)) return `${reason}: make it executable with chmod +x, on a file system that allows it`
  if (/ENOENT/.test(reason) && head?.interpreter !== undefined)
    return `${reason}: its interpreter ${head.interpreter} is missing`
  return reason
}

/** Why a script failed: `env` and shells stumble over a carriage return, and name it in their own ways. */
export function explainExit(failure: string, head: ScriptHead | undefined): string {
  return head?.hasWindowsLineEnds === true ? failure + windowsLineEnds : failure
}

const windowsLineEnds = ': its lines end with CR LF, save it with Unix line ends'
