// `npm run chaos`: does a storm of requests and faults break a promise? Prints what was seen; exit code 1 where one was broken.
import { writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { describeMachine } from '../../bench/report.ts'
import type { FaultKind } from './history.ts'
import { toLines } from './history.ts'
import { describe } from './report.ts'
import { runChaos } from './run.ts'
import { openPostgres } from './stores/postgres.ts'
import { openSqlite, openSqliteWithRedis } from './stores/sqlite.ts'
import type { OpenStores } from './stores/stores.ts'

const STORES: Readonly<Record<string, OpenStores>> = {
  postgres: openPostgres,
  sqlite: openSqlite,
  'sqlite+redis': openSqliteWithRedis,
}

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '60' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    nodes: { type: 'string', default: '3' },
    people: { type: 'string', default: '30' },
    store: { type: 'string', default: 'postgres' },
    strategy: { type: 'string', default: 'jwt' },
    revocations: { type: 'string', default: '40' },
    faults: { type: 'string' },
    history: { type: 'string' },
  },
})
const open = STORES[values.store]
const [seconds, seed, nodes, people] = [values.seconds, values.seed, values.nodes, values.people].map(Number)
if (!open || !seconds || seed === undefined || !nodes || !people) {
  process.stderr.write(
    `lockjar: npm run chaos -- [--seconds 60] [--seed N] [--nodes 3] [--people 30] [--store ${Object.keys(STORES).join('|')}] [--strategy jwt|opaque] [--revocations 40] [--faults KIND,…] [--history FILE]\n`,
  )
  process.exit(2)
}

process.stdout.write(`${describeMachine()}\n`)
process.stdout.write(
  `${values.store}, strategy ${values.strategy}, ${nodes} nodes, ${people} people, ${seconds} s; again with --seed ${seed}\n\n`,
)
const stores = await open(nodes)
try {
  const { history, violations, latencies, said } = await runChaos({
    seed,
    seconds,
    nodes,
    people,
    browsers: 3,
    stores,
    revocations: Number(values.revocations),
    ...(values.faults && { faults: values.faults.split(',') as FaultKind[] }),
    env: { LOCKJAR_STRATEGY: values.strategy },
  })
  if (values.history) writeFileSync(values.history, [...toLines(history)].join('\n'))
  process.stdout.write(`${describe(history, violations, latencies)}\n`)
  if (violations.length > 0) {
    process.exitCode = 1
    process.stdout.write(
      `\n${said.map((text, node) => `node ${node} said last:\n${text.slice(-4000)}`).join('\n')}\n`,
    )
  }
} finally {
  await stores.close()
}
