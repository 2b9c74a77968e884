// What does it mean where a database names a migration that this version does not have?

const MOVED = 'moved to '

/** Stands among the migrations of a database that is left: older versions refuse it as well. */
export const movedTo = (place: string): string => MOVED + place

/** Why nothing may be done with it; `null`: all are known. */
export function explainUnknown(applied: Iterable<string>, known: readonly string[]): string | null {
  const unknown = [...applied].filter((name) => !known.includes(name))
  const moved = unknown.find((name) => name.startsWith(MOVED))
  if (moved !== undefined) return `Its users and sessions have ${moved}; use that one.`
  const [newer] = unknown
  if (newer === undefined) return null
  // An old version on a new schema would not know what it leaves out.
  return `The database was brought to ${newer} by a newer version of Lockjar; run that version.`
}
