// psl's package leaves its types out of its exports map.
declare module 'psl' {
  /** The registrable domain, or `null` for a public suffix. */
  function get(domain: string): string | null
  const psl: { readonly get: typeof get }
  export default psl
}
