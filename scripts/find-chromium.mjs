// Where is a Chromium that the browser tests can drive?
import { existsSync, readdirSync } from 'node:fs'
import { homedir } from 'node:os'
import { delimiter, join } from 'node:path'

const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable']
const PLACES = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
]

/** The path, or `null`. A `LOCKJAR_CHROMIUM` that does not exist is an error, not a reason to look elsewhere. */
export function findChromium(env = process.env) {
  const named = env.LOCKJAR_CHROMIUM
  if (named && !existsSync(named)) throw new Error(`LOCKJAR_CHROMIUM names ${named}, which is not there`)
  if (named) return named
  const onPath = (env.PATH ?? '')
    .split(delimiter)
    .flatMap((folder) => NAMES.map((name) => join(folder, name)))
  return [...PLACES, ...onPath, ...ofPlaywright()].find((path) => existsSync(path)) ?? null
}

/** Playwright's own download, where somebody has made it. */
function ofPlaywright() {
  const cache = join(homedir(), process.platform === 'darwin' ? 'Library/Caches' : '.cache', 'ms-playwright')
  if (!existsSync(cache)) return []
  const versions = readdirSync(cache).filter((name) => name.startsWith('chromium-'))
  return versions
    .sort()
    .reverse()
    .flatMap((name) =>
      ['chrome-linux/chrome', 'chrome-linux64/chrome'].map((file) => join(cache, name, file)),
    )
}
