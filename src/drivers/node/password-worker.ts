// What does one thread of the password pool do? One password at a time, at low priority.
import { argon2Sync, createCipheriv, createHash, pbkdf2Sync, scryptSync } from 'node:crypto'
import { setPriority } from 'node:os'
import { parentPort } from 'node:worker_threads'
import type { Argon2Kdf, BcryptKdf, Kdf, Pbkdf2Kdf, ScryptKdf } from '../../core/password/kdf.ts'

export interface PasswordJob {
  readonly password: string
  readonly kdf: Kdf
  readonly pepper: Uint8Array | null
}

export type PasswordAnswer = { readonly hash: Uint8Array } | { readonly error: string }

const NICE = 10

// On Linux a priority belongs to the thread, so that hashing gives way to requests; elsewhere to the whole process.
if (process.platform === 'linux') setPriority(0, NICE)

parentPort?.on('message', async (job: PasswordJob) => {
  parentPort?.postMessage(await answer(job))
})

async function answer({ password, kdf, pepper }: PasswordJob): Promise<PasswordAnswer> {
  try {
    return { hash: await compute(password, kdf, pepper) }
  } catch (error) {
    return { error: error instanceof Error ? error.message : String(error) }
  }
}

function compute(password: string, kdf: Kdf, pepper: Uint8Array | null): Uint8Array | Promise<Uint8Array> {
  switch (kdf.kdf) {
    case 'argon2':
      return argon2(password, kdf, pepper)
    case 'pbkdf2':
      return pbkdf2(password, kdf)
    case 'scrypt':
      return scrypt(password, kdf)
    case 'bcrypt':
      return bcrypt(password, kdf)
  }
}

function argon2(
  password: string,
  { variant, salt, length, memory, passes, parallelism }: Argon2Kdf,
  pepper: Uint8Array | null,
): Uint8Array {
  const parameters = { message: password, nonce: salt, tagLength: length, memory, passes, parallelism }
  return argon2Sync(variant, pepper ? { ...parameters, secret: pepper } : parameters)
}

function pbkdf2(password: string, { salt, iterations, length, digest }: Pbkdf2Kdf): Uint8Array {
  return pbkdf2Sync(password, salt, iterations, length, digest)
}

function scrypt(password: string, kdf: ScryptKdf): Uint8Array {
  const { cost, blockSize, parallelism, salt, length, normalized, signerKey } = kdf
  const derived = scryptSync(normalized ? password.normalize('NFKC') : password, salt, length, {
    cost,
    blockSize,
    parallelization: parallelism,
    maxmem: 256 * cost * blockSize * parallelism,
  })
  if (!signerKey) return derived
  const cipher = createCipheriv('aes-256-ctr', derived, new Uint8Array(16))
  return Buffer.concat([cipher.update(signerKey), cipher.final()])
}

/** Loaded where somebody has such a hash. bcrypt itself reads 72 bytes; a password that is longer is rehashed whole. */
async function bcrypt(password: string, { setting, prehashed }: BcryptKdf): Promise<Uint8Array> {
  const { hashSync } = await import('bcryptjs')
  const text = prehashed ? createHash('sha256').update(password).digest('hex') : password
  return new TextEncoder().encode(hashSync(text, setting))
}
