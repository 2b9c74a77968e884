// What does a browser keep? The cookies of one profile, shared by all its tabs.
import type { JarCookie } from '../support/browser.ts'

export class Jar {
  readonly #cookies = new Map<string, JarCookie>()

  keep(cookies: readonly JarCookie[]): void {
    for (const cookie of cookies) {
      if (cookie.attributes.get('max-age') === '0') this.#cookies.delete(cookie.name)
      else this.#cookies.set(cookie.name, cookie)
    }
  }

  copy(): Jar {
    const other = new Jar()
    other.keep([...this.#cookies.values()])
    return other
  }

  /** The value of the one cookie whose name ends so, whatever its prefix. */
  value(baseName: string): string {
    return [...this.#cookies.values()].find(({ name }) => name.endsWith(baseName))?.value ?? ''
  }

  /** Of the token that it would renew the session with; `null` where it holds none. */
  generation(): number | null {
    const token = this.value('refresh_token') || this.value('session')
    const [, , generation] = token.split('.')
    return generation === undefined ? null : Number(generation)
  }

  /** The `Cookie` header for a path. */
  header(path: string): string {
    return [...this.#cookies.values()]
      .filter(({ attributes }) => {
        const scope = attributes.get('path') ?? '/'
        return scope === '/' || path === scope || path.startsWith(`${scope}/`)
      })
      .map(({ name, value }) => `${name}=${value}`)
      .join('; ')
  }
}
