// Which plans does PostgreSQL make for what a store asks of large tables?
import type { Client } from 'pg'
import { Pool } from 'pg'

export interface Plans {
  /** Hand it to `openPostgres`. One connection, so that what the server prepares for it is used again. */
  readonly pool: Pool
  /** What was planned since the last call, the statements inside functions and foreign keys too. */
  take(): readonly Plan[]
}

/** As `explain (format json)` has it. */
export interface Plan {
  readonly query: string
  readonly root: PlanNode
}

export interface PlanNode {
  readonly 'Node Type': string
  readonly 'Relation Name'?: string
  readonly 'Index Name'?: string
  readonly Plans?: readonly PlanNode[]
}

const RECORD = `
  load 'auto_explain';
  set auto_explain.log_min_duration = 0;
  set auto_explain.log_nested_statements = on;
  set auto_explain.log_format = json;
  set auto_explain.log_level = notice`

/** The server itself tells, so that no statement has to be written again for a test. Asks for a superuser. */
export function recordPlans(url: string): Plans {
  let plans: Plan[] = []
  const pool = new Pool({ connectionString: url, max: 1 })
  pool.on('connect', (client) => {
    client.on('notice', ({ message = '' }) => {
      const [, json] = /^duration: .*? plan:\s*(\{.*\})\s*$/s.exec(message) ?? []
      if (json === undefined) return
      const { 'Query Text': query, Plan: root } = JSON.parse(json) as { 'Query Text': string; Plan: PlanNode }
      plans.push({ query, root })
    })
    void client.query(RECORD)
  })
  return {
    pool,
    take() {
      const taken = plans
      plans = []
      return taken
    },
  }
}

/** Of each node that reads a whole table: which, and for which statement. Tables of one row are meant to be read so. */
export function findScans(plans: readonly Plan[]): readonly string[] {
  const ONE_ROW = new Set(['lockjar_audit_counter', 'lockjar_audit_anchor'])
  return plans.flatMap(({ query, root }) =>
    nodesOf(root)
      .filter((node) => node['Node Type'] === 'Seq Scan' && !ONE_ROW.has(node['Relation Name'] ?? ''))
      .map((node) => `${node['Relation Name']}: ${query}`),
  )
}

/** The names of the indexes that are used. */
export function findIndexes(plans: readonly Plan[]): ReadonlySet<string> {
  const names = plans.flatMap(({ root }) => nodesOf(root).map((node) => node['Index Name']))
  return new Set(names.filter((name) => name !== undefined))
}

function nodesOf(node: PlanNode): readonly PlanNode[] {
  return [node, ...(node.Plans ?? []).flatMap(nodesOf)]
}

/** Rows in each table whose size grows with users and traffic, and statistics as a server has them that was up for a while. */
export async function fillTables(client: Client, rows: number): Promise<void> {
  const texts = {
    lockjar_users: `select 'user-' || n, n || '@example.com', n || '@example.com', 'Name ' || n, 'name ' || n, null, 'hash',
      case n % 1000 when 0 then '["admin"]' else '[]' end, n, case n % 500 when 0 then n end, 0, n, null, 0`,
    lockjar_sessions: `select 'session-' || n, 'nonce', 'user-' || n % 5000, 1, null, 1, n, n, n, n + 3600000, n + 86400000,
      case n % 100 when 0 then n end, case n % 100 when 0 then 'logout' end, 0, 'cookie', '["pwd"]', n, null, null`,
    lockjar_containers: `select 'container-' || n, case n % 2 when 0 then 'session-' || n end, n, n, n + 3600000, case n % 100 when 0 then n end`,
    lockjar_session_data: `select 'container-' || n, 'key', '1', 4`,
    lockjar_one_time_tokens: `select 'token-' || n, 'reset-password', 'user-' || n, 'user-' || n, n || '@example.com', null, null, n, n + 1800000`,
    lockjar_outbox: `select 'mail-' || n, 'sealed', n, n + 3600000, n, 0`,
    lockjar_rate_limits: `select 'bucket-' || n, 1, 0, n, n + 60000, 0, n + 60000`,
    lockjar_known_networks: `select 'user-' || n / 3, 'network-' || n, n`,
    lockjar_revocations: `select n, 's:session-' || n, 1, n + 900000`,
    lockjar_audit: `select n, n, 'event-' || n % 30, 'user-' || n % 500, null, null, null, null, null, 'kid', 'hash'`,
  }
  // As tables are restored: what the triggers would do is done here.
  await client.query('set session_replication_role = replica')
  for (const [table, select] of Object.entries(texts))
    await client.query(`insert into ${table} ${select} from generate_series(1, $1::int) as n`, [rows])
  await client.query('update lockjar_audit_counter set last_id = $1', [rows])
  await client.query('set session_replication_role = origin')
  await client.query('vacuum analyze')
}
