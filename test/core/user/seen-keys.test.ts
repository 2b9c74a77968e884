// Is every address found again with its first line, however many there are?
import { expect, it } from 'vitest'
import { createSeenKeys } from '../../../src/core/user/seen-keys.ts'

it('every key is found with the line that was first, and no other is', () => {
  const seen = createSeenKeys()
  const many = 50_000
  for (let n = 1; n <= many; n++) seen.add(`user${n}@example.com`, n)
  for (let n = 1; n <= many; n++) seen.add(`user${n}@example.com`, n + many)
  for (let n = 1; n <= many; n++) {
    if (seen.find(`user${n}@example.com`) !== n)
      throw new Error(`user${n}: ${seen.find(`user${n}@example.com`)}`)
    if (seen.find(`user${n}@example.org`) !== null) throw new Error(`user${n} of another domain`)
  }
  expect(seen.find('')).toBeNull()
})
