// As what else can a text be read? Whoever looks for a secret has to look for its disguises too.

/** `as` for a reader: `as base64`. Empty for the text itself. */
export interface View {
  readonly as: string
  readonly text: string
}

/** How often one disguise is looked for under another. */
const DEEPEST = 2
const MOST_VIEWS = 48
const LONGEST = 4 * 1024 * 1024

/** The text first, and then whatever it decodes to. Bounded in number and length. */
export function viewsOf(text: string): readonly View[] {
  const views: View[] = [{ as: '', text }]
  const seen = new Set([text])
  let length = text.length
  const add = (as: string, found: string): void => {
    if (found.length < SHORTEST || seen.has(found) || views.length >= MOST_VIEWS || length > LONGEST) return
    seen.add(found)
    length += found.length
    views.push({ as, text: found })
  }
  let from = 0
  for (let depth = 0; depth < DEEPEST; depth++) {
    const to = views.length
    for (const view of views.slice(from, to))
      for (const [as, decode] of DECODERS)
        for (const found of decode(view.text)) add(view.as === '' ? as : `${view.as} of ${as}`, found)
    from = to
  }
  return views
}

/** Of anything that could be a secret. */
const SHORTEST = 8

type Decode = (text: string) => readonly string[]

const DECODERS: readonly (readonly [as: string, decode: Decode])[] = [
  ['percent-encoding', (text) => [text.replaceAll(/(?:%[0-9a-f]{2})+/gi, fromPercents)]],
  ['JSON escapes', (text) => [text.replaceAll(/\\u([0-9a-f]{4})/gi, fromHex).replaceAll(/\\(.)/g, '$1')]],
  [
    'HTML entities',
    (text) => [
      text
        .replaceAll(/&#x([0-9a-f]{1,6});/gi, fromHex)
        .replaceAll(/&#(\d{1,7});/g, (_all, digits: string) => toCharacter(Number(digits))),
    ],
  ],
  ['base64', (text) => fromBase64(runs(text, /[A-Za-z0-9+/_-]{12,}/g))],
  ['hex', (text) => [readable(runs(text, /(?:[0-9a-f]{2}){8,}/gi).map((run) => Buffer.from(run, 'hex')))]],
  ['pieces', (text) => [text.replaceAll(/[\s"'+,\\]+/g, '')]],
  ['itself backwards', (text) => [[...text].reverse().join('')]],
]

const fromPercents = (run: string): string => Buffer.from(run.replaceAll('%', ''), 'hex').toString()
const fromHex = (_all: string, digits: string): string => toCharacter(Number.parseInt(digits, 16))
const toCharacter = (point: number): string => (point <= 0x10ffff ? String.fromCodePoint(point) : '')

const runs = (text: string, pattern: RegExp): readonly string[] => text.match(pattern) ?? []

/** Where it begins within a run nobody says, so that each of the four beginnings is tried. */
function fromBase64(found: readonly string[]): readonly string[] {
  return [0, 1, 2, 3].map((start) => readable(found.map((run) => Buffer.from(run.slice(start), 'base64'))))
}

/** One view of all, or a page of hashes and pictures would leave no room for others. What holds no text is none of ours. */
function readable(all: readonly Buffer[]): string {
  return all
    .map(String)
    .filter((decoded) => /[ -~]{8}/.test(decoded))
    .join('\n')
}
