// What does a mail say, before it becomes text and HTML?
import type { MailKind, WaitingMail } from './mail.ts'

/** What a template knows. */
export interface MailFacts {
  readonly kind: MailKind
  /** The application's name, as configured. */
  readonly appName: string
  /** The application's origin, such as `https://app.example.com`. */
  readonly origin: string
  /** Where the reader goes on. */
  readonly link: string
  /** For how many more minutes the link works; `null` where it is no link that ends. */
  readonly minutes: number | null
  /** When it happened. */
  readonly at: Date
  /** The network address from which it was asked for. */
  readonly ip: string | null
  /** Such as `Firefox on Windows`, in words of Lockjar's own. */
  readonly browser: string | null
  /**
   * The user's name, of which letters, spaces, hyphens and apostrophes are left. Whoever registers chooses it and the address that
   * the mail goes to, so it can say anything in your name: the templates that are built in never show it.
   */
  readonly name: string | null
}

/** Words alone: Lockjar makes the text and the HTML of them. Every part is text and may hold any character. */
export interface Letter {
  readonly subject: string
  /** What a list of mails shows after the subject. */
  readonly preview: string
  readonly heading: string
  readonly paragraphs: readonly string[]
  /** On the button, which leads to `facts.link`. */
  readonly button: string
  /** Before the link as text, below the button. */
  readonly linkHint: string
  /** How often and for how long the link works; empty where that is no matter. */
  readonly validity: string
  /** When, where, with what. */
  readonly details: readonly (readonly [label: string, value: string])[]
  /** What to do if it was not you. */
  readonly notes: readonly string[]
  /** Who writes, and why. */
  readonly footer: string
}

/** A whole mail. */
export interface MailContent {
  readonly subject: string
  readonly text: string
  readonly html: string
}

/**
 * From facts to words, or to a whole mail. Facts are text: a template that writes its own HTML escapes them.
 *
 * @example
 * ```ts
 * import type { MailTemplate } from 'lockjar'
 *
 * export const reset: MailTemplate = ({ appName, link, minutes }) => ({
 *   subject: `Neues Passwort für ${appName}`,
 *   preview: 'Wähle ein neues Passwort.',
 *   heading: 'Neues Passwort',
 *   paragraphs: ['Jemand hat ein neues Passwort für dein Konto angefordert.'],
 *   button: 'Passwort wählen',
 *   linkHint: 'Oder öffne diesen Link:',
 *   validity: `Er gilt einmal, noch ${minutes} Minuten.`,
 *   details: [],
 *   notes: ['Warst du das nicht? Dann tu nichts.'],
 *   footer: `Gesendet von ${appName}.`,
 * })
 * ```
 */
export type MailTemplate = (facts: MailFacts) => Letter | MailContent

/** By language (`de`, `pt-BR`), then by kind. What is missing is said in English. */
export type MailTemplates = Readonly<Record<string, Readonly<Partial<Record<MailKind, MailTemplate>>>>>

/** To whom a mail goes, for the choice of its language. */
export interface MailRecipient {
  /** The user's public id; `null` where there is no account yet. */
  readonly user: string | null
  readonly to: string
}

const MINUTE = 60_000
const LONGEST_NAME = 40

export function toFacts(
  { kind, link, endsAt, at, ip, browser, name }: WaitingMail,
  { appName, origin }: Pick<MailFacts, 'appName' | 'origin'>,
  linkEnds: boolean,
  now: number,
): MailFacts {
  const minutes = linkEnds ? Math.max(1, Math.round((endsAt - now) / MINUTE)) : null
  return {
    kind,
    appName,
    origin,
    link,
    minutes,
    at: new Date(at),
    ip,
    browser,
    name: name === null ? null : plainName(name),
  }
}

/** No digit, dot, slash, colon or at sign: nothing of which a mail program makes a link. `null` where nothing is left. */
export function plainName(name: string): string | null {
  const letters = name.normalize('NFC').replaceAll(/[^\p{L}\p{M} '’-]/gu, ' ')
  const plain = [...letters.replaceAll(/ {2,}/g, ' ').trim()].slice(0, LONGEST_NAME).join('').trim()
  return plain === '' ? null : plain
}
