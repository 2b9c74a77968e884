// What can a script still do, without any token? Send requests, and the browser adds the cookies.

/** Adds a task and deletes it again, as an injected script could. Answers what happened, as a sentence. */
export async function ride(): Promise<string> {
  const added = await fetch('/api/tasks', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ title: 'Added by a script that holds no token' }),
  })
  if (added.status === 401)
    return 'The script sent a task in your name; nobody is signed in, so it was refused (401).'
  if (!added.ok) return `The script sent a task in your name; the server answered ${added.status}.`
  const { task } = (await added.json()) as { readonly task: { readonly id: string } }
  const removed = await fetch(`/api/tasks/${task.id}`, { method: 'DELETE' })
  return removed.ok
    ? 'The script added a task in your name and deleted it again. Both worked.'
    : `The script added a task in your name. That worked; deleting it was answered ${removed.status}.`
}
