// What in a text looks like a secret or an address, and is not for a log?

/** Characters that are looked at. What is longer is cut at a gap between words, so that no part of a token stays. */
const LONGEST = 16_384

/** Also within a longer name: `newPassword`, `access_token`. */
const NAME =
  '(?:pass(?:word|wd|phrase)?\\d?|pwd|secret|pepper|token|otp|nonce|api[_-]?key|private[_-]?key|credentials?|sessionid)'
const DOTTED_UUID = '[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\\.'
const LOCAL = '[^\\s<>"(),:;@[\\]\\\\]'
const DOMAIN = '[^\\s<>"\'(),:;@[\\]\\\\/]'

/** One after the other, each in time that is in proportion to the text. */
const PATTERNS: readonly (readonly [pattern: RegExp, mask: string])[] = [
  [/-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)/g, '[key]'],
  // Whole headers, to the end of the line, whatever stands in them.
  [/\b((?:set-)?cookie["']?\s{0,8}[:=])[^\r\n]*/gi, '$1 [cookies]'],
  [/\b(authorization["']?\s{0,8}[:=])[^\r\n]*/gi, '$1 [credentials]'],
  [/\b(Bearer|Basic|AUTH (?:PLAIN|LOGIN|XOAUTH2)) [^\s"']+/gi, '$1 [credentials]'],
  [/:\/\/[^\s/@]{1,512}@/g, '://[credentials]@'],
  // A value with its name: a quoted one to its quote, one of a form to the next, any other to the end of the line.
  [new RegExp(`(${NAME}["']?\\s{0,8}[:=]\\s{0,8})"(?:[^"\\\\]|\\\\.)*(?:"|$)`, 'gi'), '$1"[secret]"'],
  [new RegExp(`(${NAME}["']?\\s{0,8}=\\s{0,8})(?!\\s*"\\[secret\\]")[^\\r\\n&]+`, 'gi'), '$1[secret]'],
  [
    new RegExp(`(${NAME}\\\\{0,8}["']?\\s{0,8}:\\s{0,8})(?!\\s*"\\[secret\\]")[^\\r\\n]+`, 'gi'),
    '$1[secret]',
  ],
  // What V8 quotes of a text that is no JSON.
  [
    /(Unexpected (?:token|identifier|string)[^\r\n]{0,16}, )(?:\.\.\.)?"[\s\S]{0,256}?"(?:\.\.\.)? is not valid JSON/g,
    '$1[text] is not valid JSON',
  ],
  // Hashes of passwords: the PHC form and its kin, Django's.
  [/\$(?:argon2(?:id|i|d)|2[abxy]?|scrypt|fbscrypt|pbkdf2[a-z0-9-]*|[156])\$[^\s"'`]*/gi, '[hash]'],
  [/\b(?:pbkdf2_sha\d+|argon2|bcrypt(?:_sha256)?|scrypt)\$[^\s"'`]*/gi, '[hash]'],
  [/\beyJ[A-Za-z0-9_-]*(?:\.[A-Za-z0-9_-]*)+/g, '[token]'],
  [new RegExp(`${DOTTED_UUID}[A-Za-z0-9_-]{16,}(?:\\.[A-Za-z0-9_-]*)*`, 'gi'), '[token]'],
  [
    new RegExp(
      `${LOCAL}{0,63}(?:[^\\s<>"(),:;@[\\]\\\\/](?:@|%40)${DOMAIN}+|/(?:@|%40)${DOMAIN}+\\.${DOMAIN}+)`,
      'gi',
    ),
    '[address]',
  ],
]

const RUN = /[A-Za-z0-9_+-]{20,}={0,2}/g
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i

/**
 * The text without whatever looks like a token, a hash, a named password, a cookie or an e-mail address. Ids of users and sessions
 * stay. It errs to the safe side: a long name in a stack may go, too. **A password that stands alone in a sentence looks like
 * nothing, and stays**: Lockjar never writes one.
 */
export function maskText(text: string): string {
  let masked = text.length > LONGEST ? `${text.slice(0, lastGap(text, LONGEST))}[cut]` : text
  for (const [pattern, mask] of PATTERNS) masked = masked.replaceAll(pattern, mask)
  return masked.replaceAll(RUN, (run) => (looksRandom(run) ? '[token]' : run))
}

function lastGap(text: string, before: number): number {
  let at = before
  while (at > 0 && !/\s/.test(text.charAt(at - 1))) at--
  return at
}

/** Of at least 20 characters. Random text has all kinds of letters; names that people give have one kind, or are shorter. */
function looksRandom(run: string): boolean {
  if (UUID.test(run)) return false
  const [lower, upper, digit] = [/[a-z]/.test(run), /[A-Z]/.test(run), /\d/.test(run)]
  const joined = /[_+-]/.test(run)
  if (lower && upper) return digit || run.length >= 40
  return digit && (lower || upper) && !joined && run.length >= 24
}
