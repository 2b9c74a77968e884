// Which mails are there, and what does each need?
import type { Sender } from '../audit/event.ts'

/** `link`: it holds a link that can be used once, and is of no use after it. `notice`: it tells of something. */
export const MAIL_KINDS = {
  /** To an address whose owner has yet to say that it is theirs. */
  'verify-email': 'link',
  'reset-password': 'link',
  /** To the new address. */
  'confirm-email-change': 'link',
  /** Somebody else has made the account; the link lets its owner choose a password. */
  invitation: 'link',
  /** Somebody has tried to register with the address of an account. */
  'already-registered': 'notice',
  /** A reset was asked for, and the account signs in by other means. */
  'no-password-set': 'notice',
  /** To the present address. */
  'email-change-requested': 'notice',
  /** To the address that was the account's until then. */
  'email-changed': 'notice',
  'password-changed': 'notice',
  'password-reset': 'notice',
} as const

export type MailKind = keyof typeof MAIL_KINDS

type KindOf<Form extends 'link' | 'notice'> = {
  [Kind in MailKind]: (typeof MAIL_KINDS)[Kind] extends Form ? Kind : never
}[MailKind]

export type LinkMailKind = KindOf<'link'>
export type NoticeKind = KindOf<'notice'>

interface Addressed {
  readonly to: string
  /** Of whose account it speaks: the public id, for events. `null`: there is none yet. */
  readonly user: string | null
  /** As the user wrote it. What is shown of it is for the template to say. */
  readonly name: string | null
  /** Whose request made it, told to the reader. `null`: the application or an administrator. */
  readonly sender: Sender | null
}

export interface LinkMail extends Addressed {
  readonly kind: LinkMailKind
  /** At the application's own origin. */
  readonly link: string
  /** When the link ends, in milliseconds since 1970. The mail says how many minutes are left when it is sent. */
  readonly endsAt: number
}

export interface Notice extends Addressed {
  readonly kind: NoticeKind
  /** Where its reader can act, at the application's own origin and without a token. Default: the origin itself. */
  readonly link?: string
}

export type Mail = LinkMail | Notice

/** A mail as it waits. Instants in milliseconds since 1970. */
export interface WaitingMail {
  readonly kind: MailKind
  readonly to: string
  readonly user: string | null
  readonly name: string | null
  readonly link: string
  /** When what it speaks of has happened. */
  readonly at: number
  /** From when on it is of no use to anybody. */
  readonly endsAt: number
  readonly ip: string | null
  /** Browser and system in words of ours; never as they were sent. */
  readonly browser: string | null
}

/** Milliseconds for which a notice is worth sending. */
export const NOTICE_LIFETIME: number = 2 * 86_400_000
