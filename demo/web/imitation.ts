// What would a design with tokens in JavaScript have lost? The same attack, on made-up tokens put where such designs put them.
import type { Loot } from './attack.ts'
import { attack } from './attack.ts'
import { makeUpToken } from './tokens.ts'

const KEY = 'lockjar-demo-made-up-token'
const GLOBAL = '__lockjarDemoMadeUpState'

/** Nothing of it stays, whatever happens. */
export async function attackImitation(): Promise<Loot> {
  localStorage.setItem(KEY, makeUpToken())
  sessionStorage.setItem(KEY, makeUpToken())
  Object.assign(window, { [GLOBAL]: { memoizedState: { accessToken: makeUpToken() } } })
  try {
    return await attack()
  } finally {
    localStorage.removeItem(KEY)
    sessionStorage.removeItem(KEY)
    Reflect.deleteProperty(window, GLOBAL)
  }
}
