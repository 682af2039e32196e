import { availableParallelism } from 'node:os'
import { defineConfig } from 'vitest/config'

const source = { resolve: { conditions: ['source'] }, ssr: { resolve: { conditions: ['source'] } } }
const folders = ['protocol', 'lib', 'agent', 'transfer', 'hbs', 'judge', 'graph-query', 'alarm', 'schema', 'bench']

export default defineConfig({
  test: {
    // Most tests wait for sockets, timers and processes: one worker a core, not one less.
    maxWorkers: availableParallelism(),
    projects: [
      { ...source, test: { name: 'unit', include: folders.map((folder) => `${folder}/**/*.test.ts`) } },
      { ...source, test: { name: 'architecture', include: ['test/architecture/**/*.test.ts'], testTimeout: 60_000 } },
      { ...source, test: { name: 'vectors', include: ['test/vector-suites/**/*.test.ts'], testTimeout: 60_000 } },
      {
        ...source,
        test: {
          name: 'system',
          include: ['test/system/**/*.test.ts'],
          testTimeout: 180_000,
          hookTimeout: 180_000,
          fileParallelism: false,
        },
      },
      {
        ...source,
        test: {
          name: 'executable',
          include: ['test/wine/**/*.test.ts', 'test/executable/**/*.test.ts'],
          testTimeout: 180_000,
          hookTimeout: 300_000,
          fileParallelism: false,
        },
      },
    ],
  },
})
