// What does the script of the pages do? It reads the token behind `#`, and sends the form without leaving the page.

/**
 * Nothing is sent before somebody sends the form: mail scanners open links, and run scripts. The token is taken out of the address
 * bar, and kept with this entry of the history for a tab that is loaded anew. The server answers with the page as it is then, in the
 * same markup that it sends to browsers without scripts, and never with the token.
 */
export const SCRIPT = `
(() => {
  const inAddress = new URLSearchParams(location.hash.slice(1)).get('token')
  let token = inAddress || (history.state && history.state.token) || ''
  if (inAddress) history.replaceState({ token }, '', location.pathname)
  const find = (selector) => document.querySelector(selector)

  const send = async (event) => {
    event.preventDefault()
    const form = event.target
    const button = form.querySelector('button')
    if (button.getAttribute('aria-busy') === 'true') return
    button.setAttribute('aria-busy', 'true')
    find('[role=alert]').textContent = ''
    try {
      const answer = await fetch(form.action, { method: 'POST', body: new URLSearchParams(new FormData(form)) })
      if (!/^text\\/html/.test(answer.headers.get('content-type') || '')) throw new Error()
      show(new DOMParser().parseFromString(await answer.text(), 'text/html'), form)
    } catch {
      find('[role=alert]').textContent = 'The server could not be reached. Try again in a moment.'
    } finally {
      button.removeAttribute('aria-busy')
    }
  }

  const show = (page, before) => {
    find('main').replaceWith(page.querySelector('main'))
    document.title = page.title
    const form = find('form')
    if (form) {
      for (const { name, value } of before.querySelectorAll('input:not([type=hidden])')) {
        const field = form.elements.namedItem(name)
        if (field && value) field.value = value
      }
      prepare(form)
    } else {
      token = ''
      history.replaceState(null, '', location.pathname)
    }
    const place = find('[aria-invalid=true]') || find('h1')
    place.focus()
  }

  const prepare = (form) => {
    form.addEventListener('submit', send)
    if (!token) return
    form.elements.namedItem('token').value = token
    find('[data-field=token]').hidden = true
  }

  const form = find('form')
  if (form) prepare(form)
  addEventListener('hashchange', () => location.reload())
})()
`
