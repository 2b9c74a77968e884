// What did the attack find here, and what would it have found elsewhere?
import { useAuth } from 'lockjar/react'
import type { ReactElement } from 'react'
import { useState } from 'react'
import type { Loot } from './attack.ts'
import { attack } from './attack.ts'
import { Alert } from './field.tsx'
import { attackImitation } from './imitation.ts'
import { ride } from './ride.ts'
import type { Verdict } from './tokens.ts'
import { excerpt, judge } from './tokens.ts'
import { useAction } from './use-action.ts'

interface Row {
  readonly sink: string
  readonly piece: string
  /** Characters, in all. */
  readonly size: number
  readonly here: Verdict
  readonly elsewhere: Verdict
}

interface Report {
  readonly rows: readonly Row[]
  readonly riding: string
  /** Whether there is a hint cookie, which only a session with a refresh token has. */
  readonly hinted: boolean
  readonly signedIn: boolean
}

export function AttackPanel(): ReactElement {
  const { status } = useAuth()
  const { busy, error, run } = useAction()
  const [report, setReport] = useState<Report | null>(null)
  const start = (): Promise<boolean> =>
    run(async () => {
      const here = await attack()
      const elsewhere = await attackImitation()
      const hinted = here.some(({ found }) => found.includes('auth_hint='))
      const rows = compare(here, elsewhere)
      setReport({ rows, riding: await ride(), hinted, signedIn: status === 'signedIn' })
    })

  const Title = status === 'signedIn' ? 'h1' : 'h2'
  return (
    <section className="panel" aria-labelledby="attack-title">
      <div className="panel-head">
        <Title id="attack-title">What can a script on this page see?</Title>
      </div>
      <p className="lead">
        Cross-site scripting runs with all the rights of the page. This button does the same: it searches
        every place that a script can read for anything shaped like a token. Then it puts made-up tokens where
        other designs keep theirs, and searches again.
      </p>
      <button type="button" className="primary" aria-busy={busy} disabled={busy} onClick={start}>
        Run the attack
      </button>
      <Alert>{error}</Alert>
      <div role="status">{report && <Summary report={report} />}</div>
      {report && <LootTable rows={report.rows} />}
      {report && <Limits report={report} />}
    </section>
  )
}

/** Whole findings are judged, pieces are kept: what the page remembers, the next attack would find. */
function compare(here: Loot, elsewhere: Loot): readonly Row[] {
  return here.map(({ sink, found }, index) => ({
    sink,
    piece: excerpt(found),
    size: found.length,
    here: judge(found),
    elsewhere: judge(elsewhere[index]?.found ?? ''),
  }))
}

function Summary({ report: { rows, signedIn } }: { readonly report: Report }): ReactElement {
  const count = (side: 'here' | 'elsewhere'): number => rows.filter((row) => row[side] === 'token').length
  return (
    <div className="scores">
      <Score
        title="Lockjar, this page"
        stolen={count('here')}
        note={
          signedIn
            ? `${rows.length} places searched, while you are signed in`
            : `${rows.length} places searched; sign in and run it again, when there is something to steal`
        }
      />
      <Score
        title="Tokens in localStorage and the like"
        stolen={count('elsewhere')}
        note="made-up tokens, placed for this run and removed again"
      />
    </div>
  )
}

interface ScoreProps {
  readonly title: string
  readonly stolen: number
  readonly note: string
}

function Score({ title, stolen, note }: ScoreProps): ReactElement {
  return (
    <div className={stolen === 0 ? 'score good' : 'score bad'}>
      <p className="score-title">{title}</p>
      <p className="score-number">
        <strong>{stolen}</strong> {stolen === 1 ? 'place gave' : 'places gave'} a token
      </p>
      <p className="hint">{note}</p>
    </div>
  )
}

const VERDICTS: Readonly<Record<Verdict, string>> = {
  token: 'token found',
  byDesign: 'readable, no token',
  clean: 'no token',
}

const NUMBER = new Intl.NumberFormat('en')

const hasToken = ({ here, elsewhere }: Row): boolean => here === 'token' || elsewhere === 'token'

/** A narrow screen shows the places that gave a token, and the others when asked. */
function LootTable({ rows }: { readonly rows: readonly Row[] }): ReactElement {
  const [all, setAll] = useState(false)
  const calm = rows.filter((row) => !hasToken(row)).length
  return (
    <div className={all ? 'table-frame card' : 'table-frame card folded'}>
      <table data-testid="loot-table">
        <thead>
          <tr>
            <th scope="col">Where</th>
            <th scope="col">Found with Lockjar</th>
            <th scope="col">Lockjar</th>
            <th scope="col">localStorage design</th>
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <LootRow key={row.sink} row={row} />
          ))}
        </tbody>
      </table>
      <button type="button" className="quiet unfold" aria-expanded={all} onClick={() => setAll(!all)}>
        {all ? 'Show only what gave a token' : `Show the ${calm} places without a token`}
      </button>
    </div>
  )
}

function LootRow({ row }: { readonly row: Row }): ReactElement {
  const { sink, piece, size, here, elsewhere } = row
  return (
    <tr className={hasToken(row) ? undefined : 'calm'}>
      <th scope="row">{sink}</th>
      <td className="found" data-column="Found with Lockjar">
        {piece && <code>{piece}</code>}
        <span className="hint">{size === 0 ? 'nothing' : `${NUMBER.format(size)} characters`}</span>
      </td>
      <VerdictCell column="Lockjar" verdict={here} />
      <VerdictCell column="localStorage design" verdict={elsewhere} />
    </tr>
  )
}

function VerdictCell({
  column,
  verdict,
}: {
  readonly column: string
  readonly verdict: Verdict
}): ReactElement {
  return (
    <td className="judged" data-column={column}>
      <span className={`verdict ${verdict}`}>{VERDICTS[verdict]}</span>
    </td>
  )
}

function Limits({ report: { riding, hinted } }: { readonly report: Report }): ReactElement {
  return (
    <div className="limits card">
      <h2>What this does not stop</h2>
      <dl>
        <dt>A script can ride the session.</dt>
        <dd data-testid="ride-result">
          {riding} A script cannot take the session along, but while the page is open it can act as you. Keep
          scripts out: this page has a content security policy that runs no code but its own.
        </dd>
        <dt>Some things are no secret.</dt>
        <dd>
          The CSRF token shows that a request comes from this site
          {hinted && ', and the hint says that a session exists and when it ends'}.{' '}
          {hinted ? 'Neither opens anything' : 'It opens nothing'} without the cookies beside it.
        </dd>
        <dt>What you type can be read.</dt>
        <dd>A script in the page sees a password while it is being typed, in every design.</dd>
      </dl>
    </div>
  )
}
