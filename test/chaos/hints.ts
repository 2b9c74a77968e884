// Which part of what PostgreSQL and Redis send is a hint?
import type { HintFilter } from './proxy.ts'

/** `NotificationResponse` (PostgreSQL, "Message Formats"). */
const NOTIFICATION = 'A'.charCodeAt(0)
/** A byte for the type, four for the length of the rest. */
const HEAD = 5

/** Every message of the server has a type and a length; what has not arrived whole waits. */
export const postgresHints: HintFilter = () => {
  let waiting: Buffer = Buffer.alloc(0)
  return (chunk, lost) => {
    const bytes = Buffer.concat([waiting, chunk])
    const kept: Buffer[] = []
    let at = 0
    while (bytes.length - at >= HEAD) {
      const size = 1 + bytes.readUInt32BE(at + 1)
      if (bytes.length - at < size) break
      if (!(lost && bytes[at] === NOTIFICATION)) kept.push(bytes.subarray(at, at + size))
      at += size
    }
    waiting = bytes.subarray(at)
    return Buffer.concat(kept)
  }
}

/** A push to a subscriber (RESP 2 and 3). Each is small and is sent by itself. */
const PUSH = /^[*>]3\r\n\$7\r\nmessage\r\n/

export const redisHints: HintFilter = () => (chunk, lost) =>
  lost && PUSH.test(chunk.toString('latin1', 0, 32)) ? Buffer.alloc(0) : chunk

export const noHints: HintFilter = () => (chunk) => chunk
