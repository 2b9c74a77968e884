// Are two texts the same, without telling by time where they differ?

/** The one comparison for secrets. The length may be told; the content may not. */
export function equalSecret(a: string, b: string): boolean {
  let difference = a.length ^ b.length
  for (let index = 0; index < a.length; index++) {
    difference |= a.charCodeAt(index) ^ b.charCodeAt(index % (b.length || 1))
  }
  return difference === 0
}
