// What does one thread of the password pool do? One Argon2id at a time, at low priority.
import { argon2Sync } from 'node:crypto'
import { setPriority } from 'node:os'
import { parentPort } from 'node:worker_threads'
import type { Argon2Cost } from '../../core/password/phc.ts'

export interface Argon2Job extends Argon2Cost {
  readonly password: string
  readonly salt: Uint8Array
  readonly length: number
}

export type Argon2Answer = { readonly hash: Uint8Array } | { readonly error: string }

const NICE = 10

// On Linux a priority belongs to the thread, so that hashing gives way to requests; elsewhere to the whole process.
if (process.platform === 'linux') setPriority(0, NICE)

parentPort?.on('message', ({ password, salt, length, memory, passes, parallelism }: Argon2Job) => {
  parentPort?.postMessage(answer())

  function answer(): Argon2Answer {
    try {
      const parameters = { message: password, nonce: salt, tagLength: length, memory, passes, parallelism }
      return { hash: argon2Sync('argon2id', parameters) }
    } catch (error) {
      return { error: error instanceof Error ? error.message : String(error) }
    }
  }
})
