// What is around every page?
import type { Markup } from './markup.ts'
import { html } from './markup.ts'
import { SCRIPT } from './script.ts'
import { STYLE } from './style.ts'

export interface Layout {
  readonly title: string
  /** What the application is called. */
  readonly site: string
  readonly content: Markup
}

/** Style and script are constants, for the policy of the answer names them by their hashes. */
const HEAD: Markup = { markup: `<style>${STYLE}</style>` }
const FOOT: Markup = { markup: `<script>${SCRIPT}</script>` }

const LOGO = html`<svg viewBox="0 0 32 32" aria-hidden="true"><rect class="lid" x="8" y="2.5" width="16" height="5" rx="2"/><path class="jar" d="M10 9h12c0 2.4 4 3.2 4 7.6v8.4a4.5 4.5 0 0 1-4.5 4.5h-11A4.5 4.5 0 0 1 6 25v-8.4C6 12.2 10 11.4 10 9z"/><path class="hole" d="M16 15.5a2.9 2.9 0 0 1 1.5 5.38l.9 4.12h-4.8l.9-4.12A2.9 2.9 0 0 1 16 15.5z"/></svg>`

export function renderPage({ title, site, content }: Layout): string {
  const page = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex, nofollow">
<title>${title}</title>
${HEAD}
</head>
<body>
<header class="site">${LOGO}<span>${site}</span></header>
<main>
${content}
</main>
${FOOT}
</body>
</html>
`
  return page.markup
}
