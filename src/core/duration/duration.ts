// How is a duration written in a configuration?

/** A whole number and a unit: `30s`, `10m`, `12h`, `14d`. */
export type Duration = `${number}${'s' | 'm' | 'h' | 'd'}`

const UNITS: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 }

/** Milliseconds, or `null` for anything else; from one second up. */
export function parseDuration(text: string): number | null {
  const [, amount, unit] = /^([1-9][0-9]{0,8})([smhd])$/.exec(text) ?? []
  return amount && unit ? Number(amount) * (UNITS[unit] ?? Number.NaN) : null
}
