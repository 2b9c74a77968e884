// Does a PHC string say one thing only, and is a damaged one nothing?
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Argon2Cost } from '../../../src/core/password/kdf.ts'
import { formatArgon2, isWeaker, parseArgon2 } from '../../../src/core/password/phc.ts'

const salt = 'c29tZXNhbHRzb21lc2FsdA'
const hash = 'RdescudvJCsgt3ub+b6dOSRJPS1Iy/xvYY1mIYBYuEs'
const good = `$argon2id$v=19$m=19456,t=2,p=1$${salt}$${hash}`

describe('a PHC string', () => {
  it('is read as it stands', () => {
    const parsed = parseArgon2(good)
    expect(parsed?.kdf).toMatchObject({ variant: 'argon2id', memory: 19_456, passes: 2, parallelism: 1 })
    expect(new TextDecoder().decode(parsed?.kdf.salt)).toBe('somesaltsomesalt')
    expect(parsed && formatArgon2(parsed)).toBe(good)
  })

  it('comes back as it was made', () => {
    const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length })
    const made = fc.record({
      variant: fc.constantFrom('argon2id' as const, 'argon2i' as const, 'argon2d' as const),
      memory: fc.integer({ min: 8, max: 4_194_304 }),
      passes: fc.integer({ min: 1, max: 100 }),
      salt: bytes(16),
      hash: bytes(32),
      pepper: fc.constantFrom(null, 'abcdEFG+'),
    })
    fc.assert(
      fc.property(made, ({ salt, hash, ...cost }) => {
        const kdf = { kdf: 'argon2', parallelism: 1, length: 32, ...cost, salt } as const
        const parsed = parseArgon2(formatArgon2({ kdf, expected: hash }))
        expect(parsed && { ...parsed.kdf, salt: [...parsed.kdf.salt] }).toEqual({ ...kdf, salt: [...salt] })
        expect([...(parsed?.expected ?? [])]).toEqual([...hash])
      }),
    )
  })

  it.each([
    '',
    'argon2id',
    'plain text',
    `$argon2x$v=19$m=19456,t=2,p=1$${salt}$${hash}`,
    `$argon2id$v=19$m=19456,t=2,p=1,keyid=$${salt}$${hash}`,
    `$argon2id$v=16$m=19456,t=2,p=1$${salt}$${hash}`,
    `$argon2id$m=19456,t=2,p=1$${salt}$${hash}`,
    `$argon2id$v=19$m=,t=2,p=1$${salt}$${hash}`,
    `$argon2id$v=19$m=19456,t=2$${salt}$${hash}`,
    `$argon2id$v=19$m=19456,m=1,t=2,p=1$${salt}$${hash}`,
    `$argon2id$v=19$m=19456,t=2,p=1,x=1$${salt}$${hash}`,
    `$argon2id$v=19$m=-1,t=2,p=1$${salt}$${hash}`,
    `$argon2id$v=19$m=1e9,t=2,p=1$${salt}$${hash}`,
    `$argon2id$v=19$m=19456,t=2,p=1$$${hash}`,
    `$argon2id$v=19$m=19456,t=2,p=1$${salt}$`,
    `$argon2id$v=19$m=19456,t=2,p=1$${salt}`,
    `$argon2id$v=19$m=19456,t=2,p=1$${salt}==$${hash}=`,
    `$argon2id$v=19$m=19456,t=2,p=1$${salt}$${hash.replace('+', '-')}`,
    `$argon2id$v=19$m=19456,t=2,p=1$${'a'.repeat(21)}$${hash}`,
    ` ${good}`,
    `${good}\n`,
    `${good}$`,
    good.toUpperCase(),
    'pbkdf2_sha256$870000$salt$hash',
    '$2b$12$abcdefghijklmnopqrstuuAbCdEfGhIjKlMnOpQrStUvWxYz01234',
  ])('is nothing when it reads %j', (text) => {
    expect(parseArgon2(text)).toBeNull()
  })

  it.each([
    'm=0,t=2,p=1',
    'm=7,t=2,p=1',
    'm=19456,t=0,p=1',
    'm=19456,t=2,p=0',
    'm=9999999999,t=2,p=1',
    'm=64,t=1,p=99999999',
  ])('is nothing when no Argon2id can have the cost %s', (cost) => {
    expect(parseArgon2(`$argon2id$v=19$${cost}$${salt}$${hash}`)).toBeNull()
  })
})

describe('isWeaker', () => {
  const now: Argon2Cost = { memory: 19_456, passes: 2, parallelism: 1 }
  it.each<[made: Partial<Argon2Cost>, verdict: boolean]>([
    [{}, false],
    [{ memory: 19_455 }, true],
    [{ passes: 1 }, true],
    [{ memory: 65_536 }, false],
    [{ passes: 3 }, false],
    [{ parallelism: 2 }, true],
    [{ memory: 65_536, passes: 1 }, true],
  ])('of a hash made with %j is %s', (made, verdict) => {
    expect(isWeaker({ ...now, ...made }, now)).toBe(verdict)
  })
})
