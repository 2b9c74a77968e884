// How does one mail leave the house?

export interface OutgoingMail {
  /** One bare address, of ASCII characters alone. */
  readonly to: string
  /** One line each. */
  readonly from: { readonly name: string; readonly address: string }
  readonly subject: string
  readonly text: string
  readonly html: string
  /** With its angle brackets. The same one each time this mail is tried, so that one that arrives twice can be told. */
  readonly messageId: string
  /** More headers, such as `Auto-Submitted`. */
  readonly headers: Readonly<Record<string, string>>
}

/**
 * What carries mails to a mail server, or anywhere. A resolved promise means that the other side has taken the mail and answers
 * for it. A rejection means that it has not, and the mail is tried again later; with `MailError` it can say more. What it says of
 * the failure reaches the log by `MailError` alone, for other messages may hold an address.
 */
export interface Mailer {
  /** Once `signal` is aborted nobody waits for the answer any more. */
  send(mail: OutgoingMail, signal: AbortSignal): Promise<void>
  /** Frees connections. Nothing is sent afterwards. */
  close?(): Promise<void>
}
