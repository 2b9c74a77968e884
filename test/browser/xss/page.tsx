// Which page is attacked? One with a hole in it: what visitors write is put into the page as it is.
import { createClient } from 'lockjar/client'
import { AuthProvider, useAuth } from 'lockjar/react'
import type { ReactElement } from 'react'
import { useEffect, useState } from 'react'
import { createRoot } from 'react-dom/client'

/** How this page keeps its credential: `/#cookie`, or `/#storage` as many tutorials do. */
const design = location.hash.slice(1)
const BODY = JSON.stringify({ email: 'ada@example.com', password: 'correct horse battery staple' })
const JSON_TYPE = { 'content-type': 'application/json' }

function Comments({ headers = {} }: { readonly headers?: Record<string, string> }): ReactElement {
  const [html, setHtml] = useState('')
  useEffect(() => {
    fetch('/api/comments', { headers })
      .then((response) => response.text())
      .then(setHtml)
  }, [headers])
  // biome-ignore lint/security/noDangerouslySetInnerHtml: this is the hole
  return <div dangerouslySetInnerHTML={{ __html: html }} />
}

function CookiePage(): ReactElement {
  const { status, login, user } = useAuth()
  if (status !== 'signedIn') {
    return (
      <button type="button" onClick={() => login(JSON.parse(BODY))}>
        Sign in
      </button>
    )
  }
  return (
    <main>
      <p>{user.email}</p>
      <Comments />
    </main>
  )
}

function StoragePage(): ReactElement {
  const [tokens, setTokens] = useState<{ accessToken: string; refreshToken: string } | null>(null)
  const login = async (): Promise<void> => {
    const response = await fetch('/naive/login', { method: 'POST', headers: JSON_TYPE, body: BODY })
    const answer = await response.json()
    localStorage.setItem('accessToken', answer.accessToken)
    sessionStorage.setItem('refreshToken', answer.refreshToken)
    setTokens(answer)
  }
  if (!tokens)
    return (
      <button type="button" onClick={login}>
        Sign in
      </button>
    )
  return (
    <main>
      <p>signed in</p>
      <Comments headers={{ authorization: `Bearer ${tokens.accessToken}` }} />
    </main>
  )
}

export function start(): void {
  const page =
    design === 'storage' ? (
      <StoragePage />
    ) : (
      <AuthProvider client={createClient()}>
        <CookiePage />
      </AuthProvider>
    )
  createRoot(document.getElementById('root') ?? document.body).render(page)
}
