import { z } from 'zod'

/** Falcon: Windows-Agent's `ignore` is a list of metrics where falcon-plus has a map of them. */
const ignoredList = z
  .array(z.string())
  .transform((metrics): Record<string, boolean> => Object.fromEntries(metrics.map((metric) => [metric, true])))

/** `ignore` in either shape. */
export const ignored = z.union([z.record(z.string(), z.boolean()), ignoredList])

/**
 * Members of `collector` that only Windows looks at. `ifacePrefixIgnore` is Windows-Agent's own, and it watches IIS and SQL
 * Server wherever they are, so that is what happens without a word; the rest of its file has the names of falcon-plus.
 */
export const windowsCollector = {
  windowsNames: z
    .enum(['windows-agent', 'linux', 'both'])
    .default('both')
    .describe('Windows: the names of metrics, those of Windows-Agent, those of Linux, or both'),
  ifacePrefixIgnore: z
    .array(z.string())
    .optional()
    .describe('Windows: not adapters whose name contains one of these; by itself loopback and tunnels'),
  iis: z.boolean().default(true).describe('Windows: counters and service of IIS and ASP.NET where they are'),
  sqlServer: z.boolean().default(true).describe('Windows: counters and services of SQL Server where it is'),
  counters: z
    .array(
      z.object({
        counter: z.string().regex(/^\\[^\\*]+\\[^\\*]+$/, {
          error: String.raw`must be \Object\Counter or \Object(Instance)\Counter, without wildcards`,
        }),
        metric: z
          .string()
          .regex(/^[A-Za-z0-9._-]+$/, { error: 'must be letters, digits, dots, hyphens and underscores' }),
      }),
    )
    .default([])
    .describe('Windows: performance counters, by their English names, and the metrics they are sent as'),
}
