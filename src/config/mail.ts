// How do the options of mail become configuration?
import * as v from 'valibot'
import type { MailTemplate, MailTemplates } from '../core/mail/letter.ts'
import type { MailKind } from '../core/mail/mail.ts'
import { MAIL_KINDS } from '../core/mail/mail.ts'
import type { SmtpServer } from '../core/mail/smtp.ts'
import { parseSmtpUrl } from '../core/mail/smtp.ts'
import { isEmail } from '../core/user/identifier.ts'
import { fail } from './check.ts'
import type { Config } from './config.ts'
import { DEFAULTS } from './defaults.ts'

const callable = <T>(): v.GenericSchema<T> =>
  v.custom<T>((value) => typeof value === 'function', 'must be a function')

const templatesOfLanguage = v.strictObject(
  Object.fromEntries(
    Object.keys(MAIL_KINDS).map((kind) => [kind, v.optional(callable<MailTemplate>())]),
  ) as Record<MailKind, v.OptionalSchema<v.GenericSchema<MailTemplate>, undefined>>,
)

/** As `MailOptions`, once they are known to be right. */
interface Parsed {
  readonly smtp?: string | undefined
  readonly from?: string | undefined
  readonly appName?: string | undefined
  readonly language?: Config['mail']['language'] | undefined
  readonly templates?:
    | Readonly<Record<string, Partial<Record<MailKind, MailTemplate | undefined>>>>
    | undefined
}

export const mailSchema: v.GenericSchema<object, Parsed> = v.strictObject({
  smtp: v.optional(v.string()),
  from: v.optional(v.string()),
  appName: v.optional(
    v.pipe(
      v.string(),
      v.regex(/^[^\p{Cc}\u2028\u2029]{1,60}$/u, 'must be one line of at most 60 characters'),
    ),
  ),
  language: v.optional(callable<Config['mail']['language']>()),
  templates: v.optional(
    v.record(
      v.pipe(
        v.string(),
        v.regex(/^[A-Za-z]{2,3}(?:-[A-Za-z0-9]{1,8})*$/, 'must be a language such as de or pt-BR'),
      ),
      templatesOfLanguage,
    ),
  ),
})

const inDefaultLanguage = (): string => DEFAULTS.mailLanguage

/** `NAME <ADDRESS>`, or an address alone. */
const FROM = /^(?:([^<>"\p{Cc}]{0,100})<([^<>]+)>|([^<>\s]+))$/u

export function resolveMail(
  options: Parsed | undefined,
  { hostname }: Pick<Config, 'hostname'>,
): Pick<Config, 'mail' | 'smtp'> {
  const { smtp, from, appName = hostname, language = inDefaultLanguage, templates = {} } = options ?? {}
  if (smtp !== undefined && from === undefined)
    fail(
      'option mail.from: needed with mail.smtp, for the server asks who writes; such as Example <no-reply@example.com>',
    )
  return {
    smtp: smtp === undefined ? null : resolveSmtp(smtp),
    mail: {
      from:
        from === undefined ? { name: appName, address: `no-reply@${hostname}` } : resolveFrom(from, appName),
      appName,
      language,
      templates: templates as MailTemplates,
    },
  }
}

function resolveSmtp(text: string): SmtpServer {
  const verdict = parseSmtpUrl(text)
  return verdict.ok ? verdict.server : fail(`option mail.smtp: ${verdict.reason}`)
}

function resolveFrom(text: string, appName: string): Config['mail']['from'] {
  const [, name, inBrackets, alone] = FROM.exec(text.trim()) ?? []
  const address = inBrackets ?? alone ?? ''
  if (isEmail(address)) return { name: name?.trim() || appName, address }
  return fail(
    `option mail.from: ${JSON.stringify(text)} is not an address such as no-reply@example.com or Example <no-reply@example.com>`,
  )
}
