import { expect } from 'vitest'
import type { Host } from '../host/host.ts'
import { createLinuxHost } from '../host/linux.ts'
import { createNames } from '../host/names.ts'
import type { CheckContext, CheckFamily, CheckOptions, Outcome } from './check.ts'

/** For tests: what checks may use, on this machine unless something else is given. */
export function checkContext(given: Partial<CheckContext> = {}): CheckContext {
  return {
    host: createLinuxHost({ root: '/' }),
    names: createNames(),
    dataDir: '/dev/null/data',
    hostname: 'h',
    ...given,
  }
}

/** For tests: the targets of these texts, run once. */
export async function runChecks(
  family: CheckFamily,
  texts: readonly string[],
  { options = {}, ...context }: Partial<CheckContext> & { options?: CheckOptions } = {},
): Promise<Outcome[]> {
  const targets = texts.map((tags) => {
    const read = family.read(tags, options)
    return read.ok ? read.value : expect.fail(read.reason)
  })
  return await family.run(targets, checkContext(context))
}

/** For tests: the only value of the only target, for families of one metric. */
export async function runCheck(family: CheckFamily, tags: string, host?: Host): Promise<number | undefined> {
  const [outcome] = await runChecks(family, [tags], host && { host })
  return outcome?.values[family.name]
}
