// Does text become markup without becoming code?
import { describe, expect, it } from 'vitest'
import { html } from '../../src/pages/markup.ts'

describe('text in markup', () => {
  it.each<[text: string, written: string]>([
    ['<script>alert(1)</script>', '&lt;script&gt;alert(1)&lt;/script&gt;'],
    ['" onfocus="alert(1)', '&quot; onfocus=&quot;alert(1)'],
    ["' onfocus='alert(1)", '&#39; onfocus=&#39;alert(1)'],
    ['&lt;', '&amp;lt;'],
    ['Ada ☃', 'Ada ☃'],
  ])('%j is text for elements and attributes alike', (text, written) => {
    expect(html`<p title="${text}">${text}</p>`.markup).toBe(`<p title="${written}">${written}</p>`)
  })

  it('is not written twice, and nothing is nothing', () => {
    const inner = html`<b>${'<'}</b>`
    expect(html`${inner}${[inner, inner]}${null}.`.markup).toBe('<b>&lt;</b><b>&lt;</b><b>&lt;</b>.')
  })
})
