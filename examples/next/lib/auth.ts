// lib/auth.ts
import { createAuth } from 'lockjar'
import { toActions, toGetAuth } from 'lockjar/next'
import { headers } from 'next/headers'
import { redirect } from 'next/navigation'

const open = () =>
  createAuth({
    baseURL: process.env['LOCKJAR_BASE_URL'] ?? 'http://localhost:3000',
    cookies: { refreshPath: '/' }, // so that the proxy may renew before a page is rendered
  })

// One for the process: Next runs this file once for each bundle, and again when it changes.
const known = globalThis as { lockjar?: ReturnType<typeof open> }
known.lockjar ??= open()
export const auth = await known.lockjar

export const getAuth = toGetAuth(auth, headers)
export const action = toActions(auth, headers, () => redirect('/'))
