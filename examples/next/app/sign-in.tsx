// app/sign-in.tsx
'use client'
import { AuthProvider, useAuth, useAuthForm } from 'lockjar/react'
import { useRouter } from 'next/navigation'
import { useEffect } from 'react'

export const SignIn = () => (
  <AuthProvider>
    <Form />
  </AuthProvider>
)

function Form() {
  const { status, login, register } = useAuth()
  const { refresh } = useRouter()
  const form = useAuthForm(({ email = '', password = '', known }) =>
    known ? login({ email, password }) : register({ email, password }),
  )
  // Here, in another tab, or by a session that only the page's script could renew: the page is rendered anew.
  useEffect(() => {
    if (status === 'signedIn') refresh()
  }, [status, refresh])
  return (
    <form onSubmit={form.onSubmit}>
      <p>Hello, stranger</p>
      <input {...form.field('email')} type="email" aria-label="E-mail" autoComplete="username" />
      <p {...form.message('email')} />
      <input {...form.field('password')} type="password" aria-label="Password" />
      <p {...form.message('password')} />
      <label>
        <input name="known" type="checkbox" /> I have an account
      </label>
      <button type="submit" disabled={form.busy}>
        Go in
      </button>
      <p role="alert">{form.error}</p>
    </form>
  )
}
