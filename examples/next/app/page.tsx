// app/page.tsx
import { getAuth } from '../lib/auth.ts'
import { notes } from '../lib/notes.ts'
import { addNote } from './actions.ts'

export default async function Page() {
  const { user } = await getAuth()
  if (!user) return <p>Hello, stranger</p>
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
