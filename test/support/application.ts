// How does a test drive Lockjar's routes and an application's handler with one browser?
import type { Auth, Visit, Visitor } from 'lockjar'
import type { Sent } from './browser.ts'
import { TestBrowser } from './browser.ts'

/** What a handler does; what it answers is sent as JSON. */
export type Act<T> = (visit: Visit<Visitor>, request: Request) => T | Promise<T>

/** A browser at an application whose handler is open to anybody and does what the test says at the moment. */
export class Application extends TestBrowser {
  readonly #auth: Auth
  readonly #door: { act: Act<unknown> }

  constructor(auth: Auth) {
    const door: { act: Act<unknown> } = { act: () => null }
    const app = auth.protect(
      async (request, _who, visit) => Response.json((await door.act(visit, request)) ?? null),
      { anonymous: true },
    )
    super((request, info) => {
      const own = auth.owns(new URL(request.url).pathname)
      return own ? auth.handler(request, info) : app(request)
    }, auth.config.origin)
    this.#auth = auth
    this.#door = door
  }

  /** One request to the application's handler, which does this. */
  visit<T>(act: Act<T>): Promise<Sent> {
    this.handle(act)
    return this.post('/app', {})
  }

  /** The same where it is to succeed: what the handler answered. */
  async run<T>(act: Act<T>): Promise<T> {
    const sent = await this.visit(act)
    if (sent.status === 200) return JSON.parse(sent.text) as T
    throw new Error(`${sent.status} ${sent.text}`)
  }

  /** What the handler does from now on, for requests that the test sends itself. */
  handle(act: Act<unknown>): void {
    this.#door.act = act
  }

  /** The same cookies, in another browser at the same application. */
  twin(auth: Auth = this.#auth): Application {
    const other = new Application(auth)
    for (const [name, cookie] of this.jar) other.jar.set(name, cookie)
    return other
  }
}
