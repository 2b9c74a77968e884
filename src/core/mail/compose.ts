// How does a waiting mail become what is sent?
import { ENGLISH } from './english.ts'
import { layOut } from './layout.ts'
import type { Letter, MailContent, MailFacts, MailTemplate, MailTemplates } from './letter.ts'
import { toFacts } from './letter.ts'
import type { WaitingMail } from './mail.ts'
import { MAIL_KINDS } from './mail.ts'

/** How mails of this installation are written. */
export interface MailStyle {
  readonly appName: string
  readonly origin: string
  readonly templates: MailTemplates
}

export interface Composed {
  readonly content: MailContent
  /** What an own template threw; English took its place. */
  readonly problem: unknown
}

/** In the language asked for where it has a template, by its main part (`pt` of `pt-BR`) where not, and in English in the end. */
export function composeMail(mail: WaitingMail, language: string, style: MailStyle, now: number): Composed {
  const facts = toFacts(mail, style, MAIL_KINDS[mail.kind] === 'link', now)
  const own = findTemplate(style.templates, language, mail)
  if (own) {
    try {
      return { content: write(own.template, facts, own.language), problem: null }
    } catch (problem) {
      return { content: write(ENGLISH[mail.kind], facts, 'en'), problem }
    }
  }
  return { content: write(ENGLISH[mail.kind], facts, 'en'), problem: null }
}

function findTemplate(
  templates: MailTemplates,
  language: string,
  { kind }: WaitingMail,
): { readonly template: MailTemplate; readonly language: string } | null {
  for (const each of [language, language.split('-')[0] ?? '', 'en']) {
    const template = templates[each]?.[kind]
    if (template) return { template, language: each }
  }
  return null
}

/** One line, whoever wrote it (RFC 5322 section 2.2). */
function write(template: MailTemplate, facts: MailFacts, language: string): MailContent {
  const written: Letter | MailContent = template(facts)
  const content = 'html' in written ? written : layOut(written, facts, language)
  const { text, html } = content
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is taken out
  const subject = content.subject.replaceAll(/[\u0000-\u001f\u007f\u2028\u2029]+/g, ' ').trim()
  if (subject === '' || text === '' || html === '')
    throw new TypeError('lockjar: a mail template left something empty')
  return { subject, text, html }
}
