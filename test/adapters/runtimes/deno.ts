// How does Deno serve Lockjar? Its `node:crypto` has no Argon2, and its threads do not carry the SQLite writer.
import { createAuth } from 'lockjar'
import { openMemory } from 'lockjar/memory'
import { systemClock } from '../../../src/drivers/node/clock.ts'
import { SECRET } from '../../support/auth.ts'
import { plainHasher, toApplication } from './application.ts'

const auth = await createAuth({
  baseURL: `http://localhost:${process.env['PORT']}`,
  secret: SECRET,
  database: openMemory(systemClock),
  passwordHasher: plainHasher,
})
export default { fetch: toApplication(auth) }
