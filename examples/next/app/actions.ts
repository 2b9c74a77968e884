// app/actions.ts
'use server'
import { action } from '../lib/auth.ts'
import { notes } from '../lib/notes.ts'

export const addNote = action(async ({ user }, form: FormData) => {
  notes.push(`${user.id}: ${form.get('note')}`)
})
