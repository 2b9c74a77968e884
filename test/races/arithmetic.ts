// When has everybody finished calculating? A scheduler of interleavings must know, and must not pay for one sum twice.

/** WebCrypto as it is, with two additions: what is under way is counted, and a sum that was done is remembered. */
export interface Arithmetic {
  /** Resolves when nothing can happen any more but by the scheduler's leave. */
  settle(): Promise<void>
  /** Counts work that is done elsewhere, such as a store's. */
  track<T>(work: Promise<T>): Promise<T>
  forget(): void
  restore(): void
}

type Bytes = ArrayBuffer | ArrayBufferView<ArrayBuffer>

const textOf = (bytes: Bytes): string =>
  (bytes instanceof ArrayBuffer
    ? Buffer.from(bytes)
    : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  ).toString('latin1')

/**
 * The one global that a test here replaces. WebCrypto answers from other threads at moments of its own, so without this an
 * interleaving could not be repeated. HMAC and SHA-256 are functions: remembering their values changes nothing but the time.
 */
export function watchArithmetic(): Arithmetic {
  const real = crypto.subtle
  const names = new Map<CryptoKey, number>()
  let known = new Map<string, unknown>()
  let underWay = 0

  const nameOf = (key: CryptoKey): number => {
    const name = names.get(key) ?? names.size
    names.set(key, name)
    return name
  }
  const track = async <T>(work: Promise<T>): Promise<T> => {
    underWay++
    try {
      return await work
    } finally {
      underWay--
    }
  }
  const remembered = async <T>(sum: string, calculate: () => Promise<T>): Promise<T> => {
    const value = known.get(sum)
    if (value !== undefined) return value as T
    const calculated = await track(calculate())
    known.set(sum, calculated)
    return calculated
  }

  const subtle = {
    digest: (algorithm: AlgorithmIdentifier, data: Bytes) =>
      remembered(`digest ${JSON.stringify(algorithm)} ${textOf(data)}`, () => real.digest(algorithm, data)),
    sign: (algorithm: AlgorithmIdentifier, key: CryptoKey, data: Bytes) =>
      remembered(`sign ${nameOf(key)} ${textOf(data)}`, () => real.sign(algorithm, key, data)),
    verify: (algorithm: AlgorithmIdentifier, key: CryptoKey, signature: Bytes, data: Bytes) =>
      remembered(`verify ${nameOf(key)} ${textOf(signature)} ${textOf(data)}`, () =>
        real.verify(algorithm, key, signature, data),
      ),
  }
  const watched = new Proxy(real, {
    get(target, name) {
      if (name in subtle) return subtle[name as keyof typeof subtle]
      const method: unknown = Reflect.get(target, name, target)
      if (typeof method !== 'function') return method
      return (...given: unknown[]) => track(Promise.resolve(method.apply(target, given)))
    },
  })
  Object.defineProperty(crypto, 'subtle', { configurable: true, value: watched })

  return {
    async settle() {
      // A turn of the event loop ends only when no promise has a reaction left to run.
      do await new Promise((resolve) => setImmediate(resolve))
      while (underWay > 0)
    },
    track,
    forget() {
      known = new Map()
    },
    restore() {
      Reflect.deleteProperty(crypto, 'subtle')
    },
  }
}
