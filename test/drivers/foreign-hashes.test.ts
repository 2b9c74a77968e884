// Do people who come from elsewhere sign in with the password they have?
import { readFileSync } from 'node:fs'
import { afterAll, describe, expect, it } from 'vitest'
import { parseStored } from '../../src/core/password/stored.ts'
import { createPasswordPool } from '../../src/drivers/node/password-pool.ts'
import { createTestClock } from '../support/clock.ts'

interface Case {
  readonly from: string
  readonly password: string
  readonly hash: string
}

const read = (name: string) =>
  JSON.parse(readFileSync(new URL(`../fixtures/${name}`, import.meta.url), 'utf8')) as {
    readonly cases: readonly Case[]
    readonly unusable?: string
  }
const django = read('django-hashes.json')
const libraries = read('library-hashes.json')
/** A little dearer than the hashes of the fixtures, so that all of them are to be replaced. */
const pool = createPasswordPool({ memory: 2048, passes: 2, parallelism: 1 }, createTestClock())
afterAll(() => pool.close())

const verify = (password: string, hash: string) => pool.verify(password, hash, 'a')

describe('a hash that another made', () => {
  it.each([...django.cases, ...libraries.cases])(
    'of $from is verified and is to be replaced: $password',
    async ({ password, hash }) => {
      expect(await verify(password, hash)).toEqual({ ok: true, mustRehash: true })
      for (const wrong of ['', `X${password.slice(1)}`])
        expect(await verify(wrong, hash), wrong).toEqual({ ok: false, mustRehash: false })
    },
  )

  it('of Django for a password that cannot be used is never right', async () => {
    expect(django.unusable).toMatch(/^!/)
    for (const hash of [django.unusable ?? '', '!', '', '*']) {
      expect(parseStored(hash)).toBeNull()
      for (const password of ['', '!', hash]) expect((await verify(password, hash)).ok).toBe(false)
    }
  })

  it('is not matched by a password with NUL where its form would not tell the two apart', async () => {
    for (const { from, password, hash } of [...django.cases, ...libraries.cases]) {
      if (password.length > 30) continue
      for (const text of [`${password}\0`, `${password}\0more`]) {
        expect((await verify(text, hash)).ok, from).toBe(false)
      }
    }
  })

  it('bcrypt’s is matched by its first 72 bytes, as where it was made; Django’s bcrypt_sha256 by the whole', async () => {
    const bcrypt = libraries.cases.find(({ from, password }) => from === 'bcrypt' && password.length === 80)
    const whole = django.cases.find(
      ({ from, password }) => from === 'bcrypt_sha256' && password.length === 80,
    )
    const cut = 'x'.repeat(72)
    expect((await verify(cut, bcrypt?.hash ?? '')).ok).toBe(true)
    expect((await verify('x'.repeat(71), bcrypt?.hash ?? '')).ok).toBe(false)
    expect((await verify(cut, whole?.hash ?? '')).ok).toBe(false)
  })

  it.each([
    ['iterations beyond reason', 'pbkdf2_sha256$99999999$salt$WbMnG9PahoDpBm9SaFZPmlI9808UfPcQbwAgXWQpzj8='],
    ['a digest cut short', 'pbkdf2_sha256$1000$salt$WbMnG9PahoDpBm9SaFZPmlI9808UfPcQbwAgXWQp'],
    ['rounds beyond reason', '$2b$31$fa7q6PfBb2GiE4zfqWy9d.0Xr6Ikkccnw2J.qjTaf3qYGxuY0HqwO'],
    ['a cost that is no power of two', 'scrypt$4095$salt$8$5$+xbDtctW9F0YaZVubhelHROHod2cmMLYO2KrqwS67g=='],
    [
      'more memory than a server has',
      'scrypt$16777216$salt$8$5$+xbDtctW9F0YaZVubhelHROHod2cmMLYO2KrqwS67g==',
    ],
    ['no block', 'scrypt$4096$salt$0$5$+xbDtctW9F0YaZVubhelHROHod2cmMLYO2KrqwS67g=='],
    ['another form', 'md5$salt$5f4dcc3b5aa765d61d8327deb882cf99'],
    ['a plain password', 'correct horse battery staple'],
    ['a very long text', `pbkdf2_sha256$1000$salt$${'A'.repeat(2000)}`],
  ])('with %s is never right, and costs no more than ours', async (_what, hash) => {
    expect(parseStored(hash)).toBeNull()
    expect(await verify('correct horse battery staple', hash)).toEqual({ ok: false, mustRehash: false })
  })
})

describe('a lone half of a surrogate pair', () => {
  it('is never right: it would be hashed like every other', async () => {
    const hash = await pool.hash('\ufffd', 'a')
    expect((await verify('\ufffd', hash)).ok).toBe(true)
    expect((await verify('\ud800', hash)).ok).toBe(false)
    expect((await verify('\udc00', hash)).ok).toBe(false)
  })
})

describe('a pepper', () => {
  const secret = (byte: number) => new Uint8Array(32).fill(byte)
  const withPeppers = (...secrets: readonly Uint8Array[]) => {
    const made = createPasswordPool({ memory: 64, passes: 1, parallelism: 1 }, createTestClock(), secrets)
    pools.push(made)
    return made
  }
  const pools: { close(): Promise<void> }[] = []
  afterAll(async () => {
    for (const each of pools) await each.close()
  })

  it('goes into the hash, which names it; without it no password is right', async () => {
    const hash = await withPeppers(secret(1)).hash('password', 'a')
    expect(hash).toMatch(/,keyid=[A-Za-z0-9+/]{8}\$/)
    expect(await withPeppers(secret(1)).verify('password', hash, 'a')).toEqual({
      ok: true,
      mustRehash: false,
    })
    expect((await withPeppers(secret(2)).verify('password', hash, 'a')).ok).toBe(false)
    expect((await withPeppers().verify('password', hash, 'a')).ok).toBe(false)
    const bare = hash.replace(/,keyid=[^$]*/, '')
    expect((await withPeppers(secret(1)).verify('password', bare, 'a')).ok).toBe(false)
  })

  it('is changed, added and left out at each user’s next sign-in', async () => {
    const old = await withPeppers(secret(1)).hash('password', 'a')
    expect(await withPeppers(secret(2), secret(1)).verify('password', old, 'a')).toEqual({
      ok: true,
      mustRehash: true,
    })
    const bare = await withPeppers().hash('password', 'a')
    expect(await withPeppers(secret(1)).verify('password', bare, 'a')).toEqual({ ok: true, mustRehash: true })
  })
})
