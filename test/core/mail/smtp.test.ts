// Which mail server does a URL name, and does a mail ever go there in the clear by mistake?
import { describe, expect, it } from 'vitest'
import type { SmtpServer } from '../../../src/core/mail/smtp.ts'
import { parseSmtpUrl } from '../../../src/core/mail/smtp.ts'

describe('the URL of a mail server', () => {
  it.each<[url: string, server: Partial<SmtpServer>]>([
    ['smtp://mail.example.com', { host: 'mail.example.com', port: 587, tls: 'starttls', login: null }],
    ['smtp://mail.example.com:2525', { port: 2525, tls: 'starttls' }],
    ['smtps://mail.example.com', { port: 465, tls: 'implicit' }],
    ['smtp://u:p@mail.example.com', { login: { user: 'u', password: 'p' } }],
    ['smtp://a%40b:c%3Ad%2Fe%23@mail.example.com', { login: { user: 'a@b', password: 'c:d/e#' } }],
    ['smtp://mail.example.com?tls=off', { port: 25, tls: 'off' }],
    ['smtp://localhost:1025', { host: 'localhost', port: 1025, tls: 'off' }],
    ['smtp://127.0.0.1', { port: 25, tls: 'off' }],
    ['smtp://[::1]:2525', { host: '::1', tls: 'off' }],
    ['smtp://localhost:2525?tls=required', { tls: 'starttls' }],
    ['smtps://localhost', { tls: 'implicit' }],
    ['smtp://localhost.example.com', { tls: 'starttls' }],
    ['smtp://127.0.0.1.example.com', { tls: 'starttls' }],
    ['smtp://10.0.0.1', { tls: 'starttls' }],
  ])('%s', (url, server) => {
    expect(parseSmtpUrl(url)).toMatchObject({ ok: true, server })
  })

  it.each<[url: string]>([
    [''],
    ['mail.example.com'],
    ['smtp:mail'],
    ['smtp://'],
    ['https://mail.example.com'],
    ['smtp://mail.example.com/inbox'],
    ['smtp://mail.example.com#x'],
    ['smtp://mail.example.com?tls=maybe'],
    ['smtp://mail.example.com?ignoreTLS=true'],
    ['smtps://mail.example.com?tls=off'],
    ['smtp://u:%E0%A4%A@mail.example.com'],
    ['smtp://mail.example.com:99999'],
  ])('%j is none', (url) => {
    expect(parseSmtpUrl(url)).toMatchObject({ ok: false })
  })
})
