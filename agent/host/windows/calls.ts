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

/** With the number in hexadecimal, too, which is what documentation and search engines know of many. */
export function windowsError(act: string, code: number): Error {
  return new Error(`Cannot ${act}: Windows says error ${code} (0x${(code >>> 0).toString(16)})`)
}
