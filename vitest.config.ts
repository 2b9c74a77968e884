import { availableParallelism } from 'node:os'
import { defineConfig } from 'vitest/config'

/** The source is tested as it is, by the package's public names; the built package has a test of its own. */
const resolve = { conditions: ['lockjar-source', 'module', 'node', 'development|production'] }

export default defineConfig({
  test: {
    projects: [
      {
        resolve,
        ssr: { resolve: { conditions: ['lockjar-source', 'node'] } },
        test: {
          name: 'node',
          setupFiles: 'test/support/setup.ts',
          include: ['test/**/*.test.ts'],
          exclude: ['test/browser/**'],
          // Every core: a test waits for other processes as often as it computes.
          maxWorkers: availableParallelism(),
          sequence: { groupOrder: 0 },
          testTimeout: 30_000,
        },
      },
      {
        resolve,
        ssr: { resolve: { conditions: ['lockjar-source', 'node'] } },
        test: {
          name: 'browser',
          globalSetup: 'test/browser/global-setup.ts',
          include: ['test/browser/**/*.test.ts'],
          fileParallelism: false,
          sequence: { groupOrder: 1 },
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
    ],
  },
})
