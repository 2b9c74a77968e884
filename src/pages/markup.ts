// How does text become markup without becoming code?

/** Markup that is known to be good. Text is none until `html` has escaped it. */
export interface Markup {
  readonly markup: string
}

type Part = Markup | readonly Markup[] | string | null

const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

/** Every text that is put in is escaped, for elements and quoted attributes alike; `null` is nothing. */
export function html(texts: TemplateStringsArray, ...parts: readonly Part[]): Markup {
  const written = parts.map(write)
  return { markup: texts.map((text, at) => text + (written[at] ?? '')).join('') }
}

function write(part: Part): string {
  if (part === null) return ''
  if (typeof part === 'string') return part.replace(/[&<>"']/g, (character) => ESCAPES[character] ?? '')
  return 'markup' in part ? part.markup : part.map(({ markup }) => markup).join('')
}
