// How does a person see that long work goes on? By a bar on standard error, where that is a terminal.
import type { Io } from './io.ts'

export interface Progress {
  /** How much is done, of what `total` counts. Draws ten times a second at most, however often it is called. */
  update(done: number): void
  /** Takes the bar away, so that what is printed next stands alone. */
  close(): void
}

const REDRAW = 100
const WIDEST_BAR = 40
/** To the start of the line, and clear it. */
const CLEAR = '\r\u001b[K'

/** `total` of `null`: nobody knows how much there is, and only a count is shown. */
export function createProgress(
  { stderr, env, clock }: Pick<Io, 'stderr' | 'env' | 'clock'>,
  label: string,
  total: number | null,
): Progress {
  if (!stderr.isTTY || env['TERM'] === 'dumb') return { update: () => {}, close: () => {} }
  const write = (text: string): void => void stderr.write(text).catch(() => {})
  let drawn = Number.NEGATIVE_INFINITY
  return {
    update(done) {
      const now = clock.monotonic()
      if (now - drawn < REDRAW) return
      drawn = now
      write(`${CLEAR}${draw(label, done, total, stderr.columns)}`)
    },
    close() {
      if (drawn > Number.NEGATIVE_INFINITY) write(CLEAR)
    },
  }
}

/** Never as wide as the terminal: the last column would begin a new line. */
function draw(label: string, done: number, total: number | null, columns: number): string {
  if (total === null) return `${label}  ${done}`.slice(0, columns - 1)
  const share = total === 0 ? 1 : Math.min(1, Math.max(0, done / total))
  const end = ` ${String(Math.floor(share * 100)).padStart(3)} %`
  const room = Math.min(WIDEST_BAR, columns - 1 - label.length - end.length - 2)
  if (room < 4) return `${label}${end}`.slice(0, columns - 1)
  const full = Math.round(share * room)
  return `${label}  ${'█'.repeat(full)}${'░'.repeat(room - full)}${end}`
}
