import { execFile } from 'node:child_process'

export interface Ended {
  readonly code: number
  /** What it said, stderr last. */
  readonly output: string
}

/** Runs a program of the system to its end. One that cannot be started ends with 127 and says why. */
export function execute(program: string, args: readonly string[]): Promise<Ended> {
  return new Promise((resolve) => {
    execFile(program, [...args], { timeout: 120_000 }, (error, stdout, stderr) => {
      const failed = typeof error?.code === 'number' ? error.code : 127
      const output = `${stdout}${stderr}`.trim()
      resolve({ code: error ? failed : 0, output: output === '' && error ? error.message : output })
    })
  })
}
