// When does a cookie's `Expires` say that it ends? RFC 6265bis section 5.1.1: browsers read dates of every kind.

const DELIMITERS = /[\t\x20-\x2f\x3b-\x40\x5b-\x60\x7b-\x7e]+/
const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec']

/** Digits may be followed by anything that is no digit. */
const TIME = /^(\d{1,2}):(\d{1,2}):(\d{1,2})(?:\D.*)?$/s
const DAY = /^(\d{1,2})(?:\D.*)?$/s
const YEAR = /^(\d{2,4})(?:\D.*)?$/s

interface Found {
  time?: readonly [hours: number, minutes: number, seconds: number]
  day?: number
  month?: number
  year?: number
}

/** Milliseconds since 1970, or `null` for what is no date: then a browser passes the attribute over. */
export function parseCookieDate(text: string): number | null {
  const found: Found = {}
  for (const token of text.split(DELIMITERS)) take(found, token)
  const { time, day, month, year } = found
  if (!time || day === undefined || month === undefined || year === undefined) return null
  const [hours, minutes, seconds] = time
  if (day < 1 || day > 31 || year < 1601 || hours > 23 || minutes > 59 || seconds > 59) return null
  const at = Date.UTC(year, month, day, hours, minutes, seconds)
  // The 31st of a month that has 30 days is no date.
  return new Date(at).getUTCDate() === day ? at : null
}

/** The first token of each kind counts, and a token is of one kind only. */
function take(found: Found, token: string): void {
  const [, hours, minutes, seconds] = TIME.exec(token) ?? []
  if (!found.time && hours) {
    found.time = [Number(hours), Number(minutes), Number(seconds)]
    return
  }
  const [, day] = DAY.exec(token) ?? []
  if (found.day === undefined && day) {
    found.day = Number(day)
    return
  }
  const month = MONTHS.indexOf(token.slice(0, 3).toLowerCase())
  if (found.month === undefined && month >= 0) {
    found.month = month
    return
  }
  const [, year] = YEAR.exec(token) ?? []
  if (found.year === undefined && year) found.year = fullYear(Number(year))
}

function fullYear(year: number): number {
  if (year <= 69) return year + 2000
  return year <= 99 ? year + 1900 : year
}
