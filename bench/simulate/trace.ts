// What has happened lately, to tell when something goes wrong?

export interface Trace {
  note(what: string, node: number | null, session?: string | null, detail?: string | number): void
  /** Something goes wrong, or is right again: told however long ago it was. */
  fault(what: string, node: number | null): void
  /** What concerns this session or one of these nodes, or everybody, since then. */
  tell(session: string | null, nodes: readonly number[], since: number): readonly string[]
}

interface Entry {
  readonly at: number
  readonly what: string
  readonly node: number | null
  readonly session: string | null
  readonly detail: string | number | undefined
  readonly isFault: boolean
}

/** Entries kept: enough for the last seconds of a thousand nodes. */
const KEPT = 200_000

export function createTrace(now: () => number): Trace {
  const ring: Entry[] = []
  let next = 0
  const keep = (entry: Omit<Entry, 'at'>): void => {
    ring[next] = { at: now(), ...entry }
    next = (next + 1) % KEPT
  }
  return {
    note: (what, node, session = null, detail) => keep({ what, node, session, detail, isFault: false }),
    fault: (what, node) => keep({ what, node, session: null, detail: undefined, isFault: true }),
    tell(session, nodes, since) {
      const ordered = [...ring.slice(next), ...ring.slice(0, next)]
      return ordered
        .filter((entry) => concerns(entry, session, nodes, since))
        .map(({ at, what, node, session: of, detail }) => {
          const where = node === null ? '' : ` node ${node}`
          const whose = of === null ? '' : ` session ${of.slice(-6)}`
          const more = detail === undefined ? '' : ` ${typeof detail === 'number' ? seconds(detail) : detail}`
          return `${seconds(at).padStart(12)}${where} ${what}${whose}${more}`
        })
    },
  }
}

/** What a node reads and suffers is of interest for as long as its knowledge counts; what happens to a session for ever. */
function concerns(
  { at, node, session, isFault }: Entry,
  of: string | null,
  nodes: readonly number[],
  since: number,
): boolean {
  if (session !== null) return session === of
  return (isFault || at >= since) && (node === null || nodes.includes(node))
}

export const seconds = (milliseconds: number): string => `${(milliseconds / 1000).toFixed(4)} s`
