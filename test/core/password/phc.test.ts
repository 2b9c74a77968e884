// Does a PHC string say one thing only, and is a damaged one nothing?
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Argon2Cost } from '../../../src/core/password/phc.ts'
import { formatPhc, mustRehash, parsePhc } from '../../../src/core/password/phc.ts'

const salt = 'c29tZXNhbHRzb21lc2FsdA'
const hash = 'RdescudvJCsgt3ub+b6dOSRJPS1Iy/xvYY1mIYBYuEs'
const good = `$argon2id$v=19$m=19456,t=2,p=1$${salt}$${hash}`

describe('a PHC string', () => {
  it('is read as it stands', () => {
    const parsed = parsePhc(good)
    expect(parsed).toMatchObject({ memory: 19_456, passes: 2, parallelism: 1 })
    expect(new TextDecoder().decode(parsed?.salt)).toBe('somesaltsomesalt')
    expect(parsed && formatPhc(parsed)).toBe(good)
  })

  it('comes back as it was made', () => {
    const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length })
    const made = fc.record({
      memory: fc.integer({ min: 8, max: 4_194_304 }),
      passes: fc.integer({ min: 1, max: 100 }),
      parallelism: fc.constant(1),
      salt: bytes(16),
      hash: bytes(32),
    })
    fc.assert(
      fc.property(made, (value) => {
        const parsed = parsePhc(formatPhc(value))
        expect(parsed && { ...parsed, salt: [...parsed.salt], hash: [...parsed.hash] }).toEqual({
          ...value,
          salt: [...value.salt],
          hash: [...value.hash],
        })
      }),
    )
  })

  it.each([
    '',
    'argon2id',
    'plain text',
    `$argon2i$v=19$m=19456,t=2,p=1$${salt}$${hash}`,
    `$argon2d$v=19$m=19456,t=2,p=1$${salt}$${hash}`,
    `$argon2id$v=16$m=19456,t=2,p=1$${salt}$${hash}`,
    `$argon2id$m=19456,t=2,p=1$${salt}$${hash}`,
    `$argon2id$v=19$m=,t=2,p=1$${salt}$${hash}`,
    `$argon2id$v=19$m=19456,t=2$${salt}$${hash}`,
    `$argon2id$v=19$t=2,m=19456,p=1$${salt}$${hash}`,
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
    expect(parsePhc(text)).toBeNull()
  })

  it.each([
    'm=0,t=2,p=1',
    'm=7,t=2,p=1',
    'm=19456,t=0,p=1',
    'm=19456,t=2,p=0',
    'm=9999999999,t=2,p=1',
    'm=64,t=1,p=99999999',
  ])('is nothing when no Argon2id can have the cost %s', (cost) => {
    expect(parsePhc(`$argon2id$v=19$${cost}$${salt}$${hash}`)).toBeNull()
  })
})

describe('mustRehash', () => {
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
    expect(mustRehash({ ...now, ...made }, now)).toBe(verdict)
  })
})
