// How is a sum done at once? WebCrypto answers from other threads at moments of its own, and a run could not be repeated.
import { createHash, createHmac, timingSafeEqual } from 'node:crypto'

type Bytes = ArrayBuffer | ArrayBufferView<ArrayBuffer>

const viewOf = (bytes: Bytes): Uint8Array =>
  bytes instanceof ArrayBuffer
    ? new Uint8Array(bytes)
    : new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength)

/**
 * The one global that the simulation replaces: SHA-256 and HMAC-SHA-256 give the values that they always give, in the same turn.
 * Keys have to be made after this. Answers how to put the real one back.
 */
export function calculateAtOnce(): () => void {
  const real = crypto.subtle
  const secrets = new WeakMap<CryptoKey, Uint8Array>()
  const mac = (key: CryptoKey, data: Bytes): Buffer | null => {
    const secret = secrets.get(key)
    return secret ? createHmac('sha256', secret).update(viewOf(data)).digest() : null
  }
  const subtle = {
    async importKey(...given: Parameters<SubtleCrypto['importKey']>): Promise<CryptoKey> {
      const key = await real.importKey(...given)
      const [, bytes, algorithm] = given as unknown as [string, Bytes, { name?: string; hash?: unknown }]
      if (algorithm.name === 'HMAC' && algorithm.hash === 'SHA-256') secrets.set(key, viewOf(bytes).slice())
      return key
    },
    async digest(algorithm: string, data: Bytes): Promise<ArrayBuffer> {
      if (algorithm !== 'SHA-256') return real.digest(algorithm, data)
      return Uint8Array.from(createHash('sha256').update(viewOf(data)).digest()).buffer
    },
    async sign(algorithm: AlgorithmIdentifier, key: CryptoKey, data: Bytes): Promise<ArrayBuffer> {
      const sum = mac(key, data)
      return sum ? Uint8Array.from(sum).buffer : real.sign(algorithm, key, data)
    },
    async verify(algorithm: AlgorithmIdentifier, key: CryptoKey, signature: Bytes, data: Bytes) {
      const sum = mac(key, data)
      if (!sum) return real.verify(algorithm, key, signature, data)
      const given = viewOf(signature)
      return sum.length === given.length && timingSafeEqual(sum, given)
    },
  }
  const prompt = new Proxy(real, {
    get(target, name) {
      if (name in subtle) return subtle[name as keyof typeof subtle]
      const method: unknown = Reflect.get(target, name, target)
      return typeof method === 'function' ? method.bind(target) : method
    },
  })
  Object.defineProperty(crypto, 'subtle', { configurable: true, value: prompt })
  return () => {
    Reflect.deleteProperty(crypto, 'subtle')
  }
}
