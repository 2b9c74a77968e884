// How does text come into HTML without ever becoming markup?

/** Markup. Only `html` makes it, so that no text is taken for it by mistake. */
export class Html {
  readonly markup: string
  private constructor(markup: string) {
    this.markup = markup
  }
  static make(strings: TemplateStringsArray, ...values: readonly Part[]): Html {
    return new Html(String.raw({ raw: strings }, ...values.map(toMarkup)))
  }
}

type Part = string | number | Html | readonly Html[]

/**
 * What stands in the template is markup; what is put in is text, and escaped, unless `html` made it. Safe between tags and in
 * attributes with quotes.
 *
 * @example
 * ```
 * html`<p>${'<b>'}</p>`.markup // '<p>&lt;b&gt;</p>'
 * ```
 */
export const html: (strings: TemplateStringsArray, ...values: readonly Part[]) => Html = Html.make

const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

function toMarkup(value: Part): string {
  if (value instanceof Html) return value.markup
  if (Array.isArray(value)) return (value as readonly Html[]).map(({ markup }) => markup).join('')
  return String(value).replaceAll(/[&<>"']/g, (character) => ESCAPES[character] ?? '')
}
