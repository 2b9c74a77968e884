// app/page.tsx
import { getAuth } from '../lib/auth'
import { notes } from '../lib/notes'
import { addNote } from './actions'
import { SignIn } from './sign-in'

export default async function Page() {
  const { user } = await getAuth()
  if (!user) return <SignIn />
  return (
    <form action={addNote}>
      <p>Hello {user.id}</p>
      <ul>
        {notes.map((note) => (
          <li key={note}>{note}</li>
        ))}
      </ul>
      <input name="note" />
      <button type="submit">Add</button>
    </form>
  )
}
