// How does any text travel as a cookie's value, and come back the same?

/** Percent-encoded UTF-8, as a page's script reads it with `decodeURIComponent`. Well-formed text only. */
export function encodeCookieText(text: string): string {
  return encodeURIComponent(text)
}

/** `null` for what was not encoded so. */
export function decodeCookieText(value: string): string | null {
  try {
    return decodeURIComponent(value)
  } catch {
    return null
  }
}
