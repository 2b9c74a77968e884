// What may a page of ours do in a browser? Run its own script, send its own form, and no more.
import { SCRIPT } from '../pages/script.ts'
import { STYLE } from '../pages/style.ts'

const utf8 = new TextEncoder()

/** As a policy names it: CSP Level 3 section 2.3.1, `'sha256-…'` in base64. */
async function hashSource(text: string): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', utf8.encode(text)))
  return `'sha256-${btoa(String.fromCharCode(...digest))}'`
}

/**
 * In place of what forbids everything. A form sent from a page of `no-referrer` names `null` as its origin, which older browsers
 * have nothing else to make up for; the address that `same-origin` tells holds no token.
 */
export async function pageHeaders(): Promise<readonly (readonly [name: string, value: string])[]> {
  const [script, style] = await Promise.all([hashSource(SCRIPT), hashSource(STYLE)])
  return [
    [
      'Content-Security-Policy',
      `default-src 'none'; script-src ${script}; style-src ${style}; connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'`,
    ],
    ['Referrer-Policy', 'same-origin'],
    ['Cross-Origin-Opener-Policy', 'same-origin'],
    ['X-Robots-Tag', 'noindex, nofollow'],
  ]
}
