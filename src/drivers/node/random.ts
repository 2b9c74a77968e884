// Where does randomness come from on this machine?
import { getRandomValues } from 'node:crypto'
import type { Random } from '../../ports/random.ts'

export const systemRandom: Random = {
  bytes: (count) => getRandomValues(new Uint8Array(count)),
}
