import { expect } from 'vitest'
import type { Host } from '../host/host.ts'
import { createLinuxHost } from '../host/linux.ts'
import type { CheckFamily, CheckOptions, Outcome } from './check.ts'

/** For tests: the targets of these texts, run once on this machine or on `host`. */
export async function runChecks(
  family: CheckFamily,
  texts: readonly string[],
  { host = createLinuxHost({ root: '/' }), options = {} }: { host?: Host; options?: CheckOptions } = {},
): Promise<Outcome[]> {
  const targets = texts.map((tags) => {
    const read = family.read(tags, options)
    return read.ok ? read.value : expect.fail(read.reason)
  })
  return await family.run(targets, { host, hostname: 'h' })
}

/** The only value of the only target, for families of one metric. */
export async function runCheck(family: CheckFamily, tags: string, host?: Host): Promise<number | undefined> {
  const [outcome] = await runChecks(family, [tags], host && { host })
  return outcome?.values[family.name]
}
