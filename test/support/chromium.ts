// How is a real Chromium started, the same way everywhere?
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Browser, BrowserContext } from 'playwright-core'
import { chromium } from 'playwright-core'
import { findChromium } from '../../scripts/find-chromium.mjs'

export interface ChromiumOptions {
  /** Of the test certificate that it is to trust. */
  readonly spki?: string
}

function launchOptions({ spki }: ChromiumOptions) {
  const executablePath = findChromium()
  if (!executablePath)
    throw new Error('the browser tests need Chromium: npm test installs it, or LOCKJAR_CHROMIUM names it')
  const args = [
    '--disable-gpu',
    '--disable-quic',
    '--no-first-run',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
    '--host-resolver-rules=MAP *.test 127.0.0.1',
    ...(process.getuid?.() === 0 ? ['--no-sandbox'] : []),
    ...(spki ? [`--ignore-certificate-errors-spki-list=${spki}`] : []),
  ]
  return { executablePath, args }
}

export function launchChromium(options: ChromiumOptions = {}): Promise<Browser> {
  return chromium.launch(launchOptions(options))
}

/** A browser with a profile on disk, for what outlives it. */
export function launchProfile(folder: string, options: ChromiumOptions = {}): Promise<BrowserContext> {
  return chromium.launchPersistentContext(folder, launchOptions(options))
}

export function freshProfile(): string {
  return mkdtempSync(join(tmpdir(), 'lockjar-profile-'))
}
