// Which files does the browser get, and what may the page do?
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { extname, join, sep } from 'node:path'
import { html } from 'hono/html'

export interface Pages {
  /** A file by its exact path, the page itself at `/`; at any other, a page that says so. */
  find(path: string): Response
}

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
}

/** Only the page's own files run, load or connect; nothing inline, no other site, no frame around it. */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
  "form-action 'self'",
].join('; ')

const ALWAYS = {
  'Content-Security-Policy': POLICY,
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
}

/** Reads the built page once: no request ever names a file of the machine. */
export function readPages(folder: string): Pages {
  if (!existsSync(join(folder, 'index.html'))) {
    throw new Error('the page is not built yet; run: npx vite build demo (npm start does)')
  }
  const files = new Map<string, Uint8Array<ArrayBuffer>>()
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue
    const file = join(entry.parentPath, entry.name)
    files.set(file.slice(folder.length).split(sep).join('/'), new Uint8Array(readFileSync(file)))
  }
  const styles = [...files.keys()].filter((name) => extname(name) === '.css')
  return {
    find(path) {
      const name = path === '/' ? '/index.html' : path
      const body = files.get(name)
      return body ? new Response(body, { headers: headersFor(name) }) : nothingHere(styles)
    },
  }
}

function headersFor(name: string): Record<string, string> {
  return {
    ...ALWAYS,
    'Content-Type': TYPES[extname(name)] ?? 'application/octet-stream',
    // The build puts a hash of the content into the name of everything in `assets`.
    'Cache-Control': name.startsWith('/assets/') ? 'public, max-age=31536000, immutable' : 'no-cache',
  }
}

/** The page's views are behind `#`, so no other path of the demo is one. */
function nothingHere(styles: readonly string[]): Response {
  const page = html`<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Not found · Lockjar demo</title>
${styles.map((style) => html`<link rel="stylesheet" href="${style}">`)}
<header class="bar"><p class="brand">Lockjar <span class="brand-note">demo</span></p></header>
<main>
<section class="narrow card stack">
<h1>There is nothing here.</h1>
<p><a href="/">Open the demo</a></p>
</section>
</main>
</html>`
  return htmlResponse(404, String(page))
}

/** Cookies belong to a host name, so signing in under a second name could not work; say so rather than fail later. */
export function wrongAddress(origin: string): Response {
  const page = html`<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Lockjar demo</title>
<h1>Please open <a href="${origin}">${origin}</a></h1>
<p>This server answers for that address only. To use another, set LOCKJAR_BASE_URL.</p>
</html>`
  return htmlResponse(421, String(page))
}

function htmlResponse(status: number, page: string): Response {
  return new Response(page, {
    status,
    headers: { ...ALWAYS, 'Content-Type': 'text/html; charset=utf-8', 'Cache-Control': 'no-store' },
  })
}
