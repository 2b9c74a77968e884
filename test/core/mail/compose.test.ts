// Does every mail say what it must, as text and as HTML, and nothing that a stranger put in?
import { describe, expect, it } from 'vitest'
import { composeMail } from '../../../src/core/mail/compose.ts'
import { html } from '../../../src/core/mail/html.ts'
import type { Letter, MailTemplates } from '../../../src/core/mail/letter.ts'
import { plainName } from '../../../src/core/mail/letter.ts'
import type { MailKind, WaitingMail } from '../../../src/core/mail/mail.ts'
import { MAIL_KINDS } from '../../../src/core/mail/mail.ts'

const NOW = Date.UTC(2026, 0, 1, 9, 5)
const ORIGIN = 'https://app.example.com'
const KINDS = Object.keys(MAIL_KINDS) as MailKind[]
const TOKEN = 'the-token-of-the-link'

const mailOf = (kind: MailKind, change: Partial<WaitingMail> = {}): WaitingMail => ({
  kind,
  to: 'ada@example.com',
  user: 'user-1',
  name: 'Ada',
  link: MAIL_KINDS[kind] === 'link' ? `${ORIGIN}/auth/page?a=1&b=2#${TOKEN}` : ORIGIN,
  at: NOW,
  endsAt: NOW + 30 * 60_000,
  ip: '192.0.2.1',
  browser: 'Firefox on Linux',
  ...change,
})

const write = (mail: WaitingMail, templates: MailTemplates = {}, language = 'en', appName = 'Example') =>
  composeMail(mail, language, { appName, origin: ORIGIN, templates }, NOW)

describe.each(KINDS)('%s', (kind) => {
  const mail = mailOf(kind)
  const { content, problem } = write(mail)

  it('has a subject, a text and HTML, and says who writes and what to do if it was not you', () => {
    expect(problem).toBeNull()
    expect(content.subject).toContain('Example')
    for (const form of [content.text, content.html]) {
      expect(form).toContain('Sent by Example, app.example.com')
      expect(form).toMatch(/If (?:this|it) was not|If you were not/)
    }
  })

  it('has its link on a line of its own, and once on a button', () => {
    expect(content.text.split('\n')).toContain(mail.link)
    const escaped = mail.link.replaceAll('&', '&amp;')
    expect(content.html.split(`href="${escaped}"`)).toHaveLength(3)
    expect(content.html).toContain(`>${escaped}</a>`)
  })

  it('says when and from where, where somebody asked for it', () => {
    const told = kind !== 'invitation'
    for (const form of [content.text, content.html]) {
      expect(form.includes('1 January 2026')).toBe(told)
      expect(form.includes('09:05 UTC')).toBe(told)
      expect(form.includes('Firefox on Linux')).toBe(told)
      expect(form.includes('192.0.2.1')).toBe(told)
    }
  })

  it('says how long its link works, where it ends', () => {
    expect(content.text.includes('once, for the next 30 minutes')).toBe(MAIL_KINDS[kind] === 'link')
    expect(write({ ...mail, endsAt: NOW + 59_000 }).content.text).not.toContain('0 minutes')
  })

  it('says in the HTML all that it says in the text', () => {
    const words = (text: string) => new Set(text.split(/[^\p{L}\p{N}]+/u))
    const inHtml = words(content.html.replaceAll('&amp;', '&'))
    expect([...words(content.text)].filter((word) => !inHtml.has(word))).toEqual([])
  })

  it('loads nothing, runs nothing and counts nobody', () => {
    expect(content.html).not.toMatch(
      /<(?:img|script|link|iframe|form|object|video|svg)\b|url\(|@import|\bsrc=|\bon\w+=/i,
    )
    const addresses = [...content.html.matchAll(/(?:href|src)="([^"]*)"/g)].map(([, address]) => address)
    expect(new Set(addresses).size).toBe(1)
  })

  it('shows nothing that a stranger chose: neither name nor address', () => {
    const { text, html } = write({ ...mail, name: 'Xyzzy', to: 'plugh@example.com' }).content
    for (const form of [text, html]) expect(form).not.toMatch(/xyzzy|plugh/i)
  })

  it('keeps markup as text, wherever it comes from', () => {
    const evil = `<img src=x onerror="alert('1')">&`
    const { html } = write({ ...mail, ip: evil, browser: evil }, {}, 'en', evil).content
    expect(html).not.toContain('<img')
    expect(html.includes('&lt;img src=x onerror=&quot;alert(&#39;1&#39;)&quot;&gt;&amp;')).toBe(true)
  })
})

describe('a time and a span', () => {
  it.each<[minutes: number, words: string]>([
    [1, 'next 1 minute.'],
    [60, 'next 60 minutes.'],
    [120, 'next 2 hours.'],
    [24 * 60 + 59, 'next 24 hours.'],
  ])('of %d minutes: %s', (minutes, words) => {
    expect(write(mailOf('verify-email', { endsAt: NOW + minutes * 60_000 })).content.text).toContain(words)
  })
})

describe('a reset that nobody asked for from a browser', () => {
  it('does not say that it was most likely the reader', () => {
    const { text } = write(mailOf('reset-password', { ip: null, browser: null })).content
    expect(text).toContain('You, or the people who run it, asked for a new password')
    expect(text).not.toContain('most likely')
  })
})

describe('a notice with a page of its own', () => {
  it('leads there by its button', () => {
    const link = `${ORIGIN}/auth/password/forgot`
    expect(write(mailOf('password-changed', { link })).content.text).toContain(
      `Ask for a new password:\n${link}\n`,
    )
    expect(write(mailOf('password-changed')).content.text).toContain(`Go to Example:\n${ORIGIN}\n`)
  })
})

describe('an own template', () => {
  const letter: Letter = {
    subject: 'Betreff',
    preview: 'Vorschau',
    heading: 'Überschrift',
    paragraphs: ['Absatz <1>'],
    button: 'Knopf',
    linkHint: 'Oder:',
    validity: '',
    details: [],
    notes: [],
    footer: 'Fuß',
  }

  it('of words is laid out, and escaped', () => {
    const { content } = write(mailOf('reset-password'), { de: { 'reset-password': () => letter } }, 'de')
    expect(content.subject).toBe('Betreff')
    expect(content.text).toContain('Absatz <1>')
    expect(content.html).toContain('Absatz &lt;1&gt;')
    expect(content.html).toContain('<html lang="de"')
  })

  it.each<[language: string, subject: string]>([
    ['de', 'Betreff'],
    ['de-AT', 'Betreff'],
    ['pt-BR', 'Assunto'],
    ['pt', 'My own'],
    ['fr', 'My own'],
    ['', 'My own'],
    ['__proto__', 'My own'],
  ])('is found by language: %s', (language, subject) => {
    const own = (text: string) => ({ 'reset-password': () => ({ ...letter, subject: text }) })
    const templates = { de: own('Betreff'), 'pt-BR': own('Assunto'), en: own('My own') }
    expect(write(mailOf('reset-password'), templates, language).content.subject).toBe(subject)
    expect(write(mailOf('verify-email'), templates, language).content.subject).toMatch(/^Confirm/)
  })

  it('is given the name without what could become a link', () => {
    const template = ({ name }: { readonly name: string | null }) => ({ ...letter, subject: `Hallo ${name}` })
    const mail = mailOf('reset-password', { name: 'Visit https://evil.example/1 now' })
    expect(write(mail, { en: { 'reset-password': template } }).content.subject).toBe(
      'Hallo Visit https evil example now',
    )
  })

  it('cannot break out of the subject', () => {
    const template = () => ({ subject: 'a\r\nBcc: eve@example.com\u2028b', text: 'x', html: 'x' })
    expect(write(mailOf('reset-password'), { en: { 'reset-password': template } }).content.subject).toBe(
      'a Bcc: eve@example.com b',
    )
  })

  it.each<[what: string, template: () => Letter]>([
    [
      'throws',
      () => {
        throw new RangeError('no')
      },
    ],
    ['answers nothing', () => undefined as unknown as Letter],
    ['has no subject', () => ({ ...letter, subject: '' })],
  ])('that %s costs its words alone', (_what, template) => {
    const { content, problem } = write(mailOf('reset-password'), { en: { 'reset-password': template } })
    expect(problem).toBeInstanceOf(Error)
    expect(content.subject).toBe('Choose a new password for Example')
  })
})

describe('a name', () => {
  it.each<[name: string, plain: string | null]>([
    ['Ada Lovelace', 'Ada Lovelace'],
    ["Seán O'Brien-Müller", "Seán O'Brien-Müller"],
    ['山田太郎', '山田太郎'],
    ['Nguyễn Thị Minh', 'Nguyễn Thị Minh'],
    ['evil.example', 'evil example'],
    ['call 0800 123', 'call'],
    ['a@b', 'a b'],
    ['<b>Ada</b>', 'b Ada b'],
    ['\u202eadA\u0000\r\n', 'adA'],
    ['☃ 1234', null],
    ['', null],
    ['x'.repeat(100), 'x'.repeat(40)],
  ])('%j is shown as %j', (name, plain) => {
    expect(plainName(name)).toBe(plain)
  })
})

describe('HTML', () => {
  it('takes text as text and markup as markup', () => {
    const inner = html`<b>${'<i>'}</b>`
    expect(html`<p title="${'"'}">${inner}${[inner, inner]}${1}</p>`.markup).toBe(
      '<p title="&quot;"><b>&lt;i&gt;</b><b>&lt;i&gt;</b><b>&lt;i&gt;</b>1</p>',
    )
  })

  it('is made by nothing that only looks like it', () => {
    const fake = { markup: '<script>' } as unknown as string
    expect(html`${fake}`.markup).not.toContain('<script>')
  })
})
