/** A function of a library, which can also run on another thread. */
export interface NativeCall {
  (...args: readonly unknown[]): unknown
  async(...args: readonly unknown[]): unknown
}

/** Runs a native function on another thread. What it writes to must be a buffer that the caller keeps. */
export function onThread(call: NativeCall, ...args: readonly unknown[]): Promise<unknown> {
  return new Promise((resolve, reject) => {
    call.async(...args, (error: Error | null, result: unknown) => (error ? reject(error) : resolve(result)))
  })
}

/** Small numbers are errors of Windows, large ones states of a part of it, which documentation has in hexadecimal. */
export function windowsError(act: string, code: number): Error {
  return new Error(`Cannot ${act}: Windows says error ${code > 0xffff ? `0x${code.toString(16)}` : code}`)
}
