// Does this text hold a token? Judged by shape, as a thief's script would.

/** A JWT, and Lockjar's refresh token or session token: `sid.nonce.generation.kid.MAC`. */
const SHAPES = [
  /eyJ[\w-]{4,}\.[\w-]{4,}\.[\w-]+/g,
  /[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}\.[\w-]{22}\.\d+\.[\w-]{8}\.[\w-]{43}/g,
]

/** What scripts may read by design: it proves where a request comes from, or says that a session exists. */
const BY_DESIGN = /((?:csrftoken|auth_hint)=|"csrfToken":")[\w.-]{20,}/g

export type Verdict = 'token' | 'byDesign' | 'clean'

export function judge(found: string): Verdict {
  if (SHAPES.some((shape) => found.match(shape))) return 'token'
  return found.match(BY_DESIGN) ? 'byDesign' : 'clean'
}

const LONGEST_PIECE = 90

/** A short piece to show, in which nothing is whole: what is shown could be read in its turn. */
export function excerpt(found: string): string {
  const named = found.replace(BY_DESIGN, (_value, name: string) => `${name}…`)
  const masked = SHAPES.reduce(
    (text, shape) => text.replace(shape, (token) => `${token.slice(0, 8)}…`),
    named,
  )
  return masked.length > LONGEST_PIECE ? `${masked.slice(0, LONGEST_PIECE)}…` : masked
}

const WORTHLESS = { note: 'Made up by the Lockjar demo. Opens nothing.' }

/** Looks like a token, is none: no key signed it and no server knows it. */
export function makeUpToken(): string {
  const part = (value: object): string =>
    btoa(JSON.stringify(value)).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '')
  return [part({ alg: 'none', typ: 'demo' }), part({ ...WORTHLESS, id: crypto.randomUUID() }), 'DEMO'].join(
    '.',
  )
}
