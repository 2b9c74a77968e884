// How does a letter look, as text and as HTML, on any screen, light and dark?
import type { Html } from './html.ts'
import { html } from './html.ts'
import type { Letter, MailContent, MailFacts } from './letter.ts'

/** Both say the same. The HTML has no image, no script and nothing that tells who has opened it. */
export function layOut(
  letter: Letter,
  facts: Pick<MailFacts, 'appName' | 'link'>,
  language: string,
): MailContent {
  return {
    subject: letter.subject,
    text: toText(letter, facts.link),
    html: toPage(letter, facts, language).markup,
  }
}

function toText(
  { heading, paragraphs, button, validity, details, notes, footer }: Letter,
  link: string,
): string {
  const widest = Math.max(0, ...details.map(([label]) => label.length))
  const blocks = [
    heading,
    ...paragraphs,
    // The link has a line of its own, so that no mark of punctuation becomes part of it.
    `${button}:\n${link}`,
    validity,
    details.map(([label, value]) => `${`${label}:`.padEnd(widest + 2)}${value}`).join('\n'),
    ...notes,
    `-- \n${footer}`,
  ]
  return `${blocks.filter((block) => block !== '').join('\n\n')}\n`
}

/** Colours that also pass where a program knows no dark ones: text is at least 4.5 to 1 on its ground. */
const STYLE = html`<style>
  :root { color-scheme: light dark; supported-color-schemes: light dark; }
  body { margin: 0; padding: 0; -webkit-text-size-adjust: 100%; }
  @media (max-width: 600px) {
    .outer { padding: 0 !important; }
    .card { border-radius: 0 !important; border-width: 0 0 1px !important; padding: 28px 20px !important; }
    .foot { padding: 16px 20px !important; }
    .button { display: block !important; text-align: center !important; }
  }
  @media (prefers-color-scheme: dark) {
    .ground { background: #16171a !important; }
    .card { background: #212328 !important; border-color: #34373e !important; }
    .ink { color: #f1f2f4 !important; }
    .soft { color: #b4b8c0 !important; }
    .link { color: #9db8ff !important; }
    .line { border-color: #34373e !important; }
  }
</style>`

const FONT =
  "font-family:-apple-system,BlinkMacSystemFont,'Segoe UI',Roboto,'Helvetica Neue',Arial,sans-serif;"
const INK = `${FONT}color:#1b1d22;font-size:16px;line-height:1.55;`
const SOFT = `${FONT}color:#5b606a;font-size:14px;line-height:1.55;`

/** Tables and styles in place, for the mail programs that know nothing else; the rest is a bonus. */
function toPage(letter: Letter, facts: Pick<MailFacts, 'appName' | 'link'>, language: string): Html {
  return html`<!doctype html>
<html lang="${language}" dir="auto">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="supported-color-schemes" content="light dark">
<meta name="format-detection" content="telephone=no, date=no, address=no, email=no, url=no">
<title>${letter.subject}</title>
${STYLE}
</head>
<body class="ground" style="margin:0;padding:0;background:#eef0f3;">
<div style="display:none;max-height:0;overflow:hidden;mso-hide:all;">${letter.preview}</div>
<table role="presentation" class="ground" width="100%" cellpadding="0" cellspacing="0" border="0" style="background:#eef0f3;">
<tr><td class="outer" align="center" style="padding:32px 16px;">
<table role="presentation" width="100%" cellpadding="0" cellspacing="0" border="0" style="max-width:560px;">
<tr><td class="card" align="left" style="background:#ffffff;border:1px solid #dde0e6;border-radius:12px;padding:36px 40px;">
${cardOf(letter, facts)}
</td></tr>
<tr><td class="foot soft" align="left" style="${SOFT}font-size:13px;padding:16px 40px;">${letter.footer}</td></tr>
</table>
</td></tr>
</table>
</body>
</html>
`
}

function cardOf(
  { heading, paragraphs, button, linkHint, validity, details, notes }: Letter,
  { appName, link }: Pick<MailFacts, 'appName' | 'link'>,
): Html {
  return html`<p class="soft" style="${SOFT}margin:0 0 20px;font-weight:600;">${appName}</p>
<h1 class="ink" style="${INK}font-size:24px;line-height:1.3;font-weight:650;margin:0 0 16px;">${heading}</h1>
${paragraphs.map((text) => html`<p class="ink" style="${INK}margin:0 0 16px;">${text}</p>\n`)}
<table role="presentation" cellpadding="0" cellspacing="0" border="0" width="100%"><tr><td align="left" style="padding:8px 0 20px;">
<a class="button" href="${link}" style="${FONT}display:inline-block;background:#2351cf;color:#ffffff;font-size:16px;line-height:1.25;font-weight:600;text-decoration:none;border-radius:8px;padding:14px 26px;">${button}</a>
</td></tr></table>
${validity === '' ? '' : html`<p class="soft" style="${SOFT}margin:0 0 12px;">${validity}</p>`}
<p class="soft" style="${SOFT}margin:0;">${linkHint}</p>
<p style="${SOFT}margin:0;"><a class="link" href="${link}" style="color:#2351cf;word-break:break-all;overflow-wrap:anywhere;">${link}</a></p>
<table role="presentation" cellpadding="0" cellspacing="0" border="0" width="100%"><tr><td style="padding:24px 0 0;">
<div class="line" style="border-top:1px solid #dde0e6;font-size:0;line-height:0;">&nbsp;</div>
</td></tr><tr><td style="padding:24px 0 0;">
${detailsTable(details)}
${notes.map((text, at) => html`<p class="ink" style="${INK}font-size:15px;margin:${at === 0 ? 0 : 12}px 0 0;">${text}</p>\n`)}
</td></tr></table>`
}

function detailsTable(details: Letter['details']): Html | '' {
  if (details.length === 0) return ''
  const rows = details.map(
    ([label, value]) => html`<tr>
<td class="soft" valign="top" style="${SOFT}padding:0 16px 4px 0;white-space:nowrap;">${label}</td>
<td class="ink" valign="top" width="100%" style="${INK}font-size:14px;padding:0 0 4px;word-break:break-word;">${value}</td>
</tr>
`,
  )
  return html`<table role="presentation" cellpadding="0" cellspacing="0" border="0" width="100%" style="margin:0 0 16px;">${rows}</table>`
}
