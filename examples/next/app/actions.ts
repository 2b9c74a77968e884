// app/actions.ts
'use server'
import { revalidatePath } from 'next/cache'
import { action } from '../lib/auth'
import { notes } from '../lib/notes'

export const addNote = action(async ({ user }, form: FormData) => {
  notes.push(`${user.id}: ${form.get('note')}`)
  revalidatePath('/')
})
