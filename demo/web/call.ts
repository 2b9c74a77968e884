// How does the page ask for what the client has no call for?
import { AuthProblem } from 'lockjar/react'

export type Send = (input: string, init?: RequestInit) => Promise<Response>

/** The API speaks as Lockjar does: JSON, and a problem document for every refusal. */
export async function call<T>(send: Send, method: string, path: string, body?: object): Promise<T> {
  const response = await send(path, {
    method,
    ...(body && { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
  })
  if (!response.ok) throw new AuthProblem(await response.json())
  const text = await response.text()
  return (text === '' ? undefined : JSON.parse(text)) as T
}
