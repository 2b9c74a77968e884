// Under which domains can anybody register?
import type { AuthOptions } from './options.ts'

export type IsPublicSuffix = (domain: string) => boolean

/** The list is long: it is read where a domain is to be looked up in it, and no process without one waits for it at its start. */
export async function openPublicSuffixes({ cookies }: Pick<AuthOptions, 'cookies'>): Promise<IsPublicSuffix> {
  if (typeof cookies?.domain !== 'string') return () => false
  const { default: psl } = await import('psl')
  return (domain) => psl.get(domain) === null
}
