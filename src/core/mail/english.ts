// What does each mail say in English?
import type { Letter, MailFacts, MailTemplate } from './letter.ts'
import type { MailKind } from './mail.ts'

/** Anybody can have some of these sent to any address, so they say nothing that a stranger chose: no name, no address, no message. */
export const ENGLISH: Readonly<Record<MailKind, MailTemplate>> = {
  'verify-email': (facts) => ({
    ...linkLetter(facts),
    subject: `Confirm your e-mail address for ${facts.appName}`,
    preview: 'One step is left: confirm that this address is yours.',
    heading: 'Confirm your e-mail address',
    paragraphs: [
      `Somebody, most likely you, entered this address at ${facts.appName}. Please confirm that it is yours.`,
    ],
    button: 'Confirm address',
    notes: [
      `If this was not you, do nothing. Without this link nobody can use your address at ${facts.appName}.`,
    ],
  }),
  'reset-password': (facts) => ({
    ...linkLetter(facts),
    subject: `Choose a new password for ${facts.appName}`,
    preview: 'A link to choose a new password for your account.',
    heading: 'Choose a new password',
    paragraphs: [`${askerOf(facts)} asked for a new password for your account at ${facts.appName}.`],
    button: 'Choose a new password',
    notes: [
      'If this was not you, do nothing: your password stays as it is. Do not pass this link on, for whoever has it can take over your account.',
    ],
  }),
  'confirm-email-change': (facts) => ({
    ...linkLetter(facts),
    subject: `Confirm your new e-mail address for ${facts.appName}`,
    preview: 'Your account changes to this address once you confirm it.',
    heading: 'Confirm your new e-mail address',
    paragraphs: [
      `Somebody, most likely you, asked to use this address for an account at ${facts.appName}. The account changes to it once you confirm.`,
    ],
    button: 'Confirm address',
    notes: ['If this was not you, do nothing. Without this link your address is not used.'],
  }),
  invitation: (facts) => ({
    ...linkLetter(facts),
    subject: `Your account at ${facts.appName}`,
    preview: 'Choose a password to begin.',
    heading: 'Your account is ready',
    paragraphs: [
      `An account with this address has been made for you at ${facts.appName}. Choose a password to begin.`,
    ],
    button: 'Choose a password',
    details: [],
    notes: ['If you were not expecting this, do nothing. Without this link nobody can use the account.'],
  }),
  'already-registered': (facts) => ({
    ...notice(facts),
    subject: `You already have an account at ${facts.appName}`,
    preview: 'Somebody tried to register with your address.',
    heading: 'You already have an account',
    paragraphs: [
      `Somebody, most likely you, tried to register at ${facts.appName} with this address. There is an account with it already, and nothing about it has changed.`,
      'Sign in as usual. If you no longer know your password, you can ask for a new one there.',
    ],
    button: `Go to ${facts.appName}`,
    notes: ['If this was not you, do nothing. Whoever it was has not been told that you have an account.'],
  }),
  'no-password-set': (facts) => ({
    ...notice(facts),
    subject: `Signing in to ${facts.appName}`,
    preview: 'Your account has no password.',
    heading: 'Your account has no password',
    paragraphs: [
      `Somebody, most likely you, asked for a new password for your account at ${facts.appName}. Your account has none: you sign in another way.`,
    ],
    button: `Go to ${facts.appName}`,
    notes: ['If this was not you, do nothing. Nothing about your account has changed.'],
  }),
  'email-change-requested': (facts) => ({
    ...notice(facts),
    subject: `Your e-mail address at ${facts.appName} is about to change`,
    preview: 'If this was not you, change your password now.',
    heading: 'Your e-mail address is about to change',
    paragraphs: [
      `Somebody who is signed in to your account at ${facts.appName} asked to use another address instead of this one. It changes once the other address is confirmed.`,
    ],
    button: `Go to ${facts.appName}`,
    notes: [
      'If this was not you, somebody else knows your password. Change it now: that ends every other session.',
    ],
  }),
  'email-changed': (facts) => ({
    ...notice(facts),
    subject: `Your e-mail address at ${facts.appName} has been changed`,
    preview: 'This address no longer belongs to your account.',
    heading: 'Your e-mail address has been changed',
    paragraphs: [
      `Your account at ${facts.appName} now has another e-mail address. Mails about it no longer come to this one.`,
    ],
    button: `Go to ${facts.appName}`,
    notes: [
      `If this was not you, somebody else has your account. Tell the people who run ${facts.appName} at once, from this address.`,
    ],
  }),
  'password-changed': (facts) => ({
    ...notice(facts),
    subject: `Your password for ${facts.appName} has been changed`,
    preview: 'If this was not you, take your account back now.',
    heading: 'Your password has been changed',
    paragraphs: [
      `The password of your account at ${facts.appName} has been changed by somebody who knew the old one. Every other session has been signed out.`,
    ],
    notes: [
      'If this was you, all is well. If it was not, ask for a new password at once: the link comes to this address, and using it signs everybody out.',
    ],
  }),
  'password-reset': (facts) => ({
    ...notice(facts),
    subject: `Your password for ${facts.appName} has been reset`,
    preview: 'If this was not you, take your account back now.',
    heading: 'Your password has been reset',
    paragraphs: [
      `A new password has been chosen for your account at ${facts.appName}, with a link that was sent to this address. Every session has been signed out.`,
    ],
    notes: [
      'If this was you, all is well. If it was not, somebody else can read your mail: change the password of your mailbox first, then ask for a new one here.',
    ],
  }),
}

/** Without a sender it was the application itself, or an administrator. */
const askerOf = ({ ip, browser }: MailFacts): string =>
  ip === null && browser === null ? 'You, or the people who run it,' : 'Somebody, most likely you,'

type Rest = Pick<Letter, 'linkHint' | 'validity' | 'details' | 'footer'>

function linkLetter(facts: MailFacts): Rest {
  const validity = `The link works once, for the next ${spanOf(facts.minutes ?? 1)}.`
  return { ...shared(facts), validity }
}

function notice(facts: MailFacts): Rest & Pick<Letter, 'button'> {
  const button = facts.link === facts.origin ? `Go to ${facts.appName}` : 'Ask for a new password'
  return { ...shared(facts), button }
}

const shared = (facts: MailFacts): Rest => ({
  linkHint: 'Or open this link:',
  validity: '',
  details: detailsOf(facts),
  footer: `Sent by ${facts.appName}, ${new URL(facts.origin).host}. Nobody reads answers to this mail.`,
})

function detailsOf({ at, browser, ip }: MailFacts): Letter['details'] {
  return [
    ['When', whenOf(at)],
    ...(browser === null ? [] : ([['Browser', browser]] as const)),
    ...(ip === null ? [] : ([['IP address', ip]] as const)),
  ]
}

/** `1 January 2026, 09:05 UTC`. Where the reader is, is not known. */
function whenOf(at: Date): string {
  const part = (options: Intl.DateTimeFormatOptions): string =>
    new Intl.DateTimeFormat('en-GB', { ...options, timeZone: 'UTC' }).format(at)
  const day = part({ day: 'numeric', month: 'long', year: 'numeric' })
  return `${day}, ${part({ hour: '2-digit', minute: '2-digit', hour12: false })} UTC`
}

/** `30 minutes`, `24 hours`. */
function spanOf(minutes: number): string {
  const [amount, unit] = minutes < 120 ? [minutes, 'minute'] : [Math.floor(minutes / 60), 'hour']
  return `${amount} ${unit}${amount === 1 ? '' : 's'}`
}
