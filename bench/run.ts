// What is measured? `npm run bench -- NAME`, over loopback only, bounded in count and time.
import { measureAdapters } from './adapters.ts'
import { measureAudit } from './audit.ts'
import { measureEnumeration } from './enumeration.ts'
import { measureGuard } from './guard.ts'
import { measureRedis } from './redis.ts'
import { measureRefresh } from './refresh.ts'
import type { Report } from './report.ts'
import { describeMachine, print } from './report.ts'
import { measureRevocation } from './revocation.ts'
import { measureScale } from './scale/main.ts'
import { measureSimulation } from './simulate/index.ts'
import { measureStorm } from './storm.ts'
import { measureWorkers } from './workers.ts'

type Measure = (args: readonly string[]) => Promise<Report | readonly Report[]>

const MEASUREMENTS: Readonly<Record<string, Measure>> = {
  revocation: measureRevocation,
  simulate: measureSimulation,
  refresh: measureRefresh,
  guard: measureGuard,
  adapters: measureAdapters,
  enumeration: measureEnumeration,
  storm: measureStorm,
  audit: measureAudit,
  redis: measureRedis,
  scale: () => measureScale({ small: 10_000, large: 100_000, stores: ['sqlite', 'postgres'] }),
  workers: measureWorkers,
}

const [name = '', ...args] = process.argv.slice(2)
const measure = MEASUREMENTS[name]
if (measure) {
  for (const report of [await measure(args)].flat()) print(describeMachine(), report)
  process.exit(0)
}
process.stderr.write(
  `lockjar: npm run bench -- NAME, where NAME is one of: ${Object.keys(MEASUREMENTS).join(', ')}\n`,
)
process.exit(1)
