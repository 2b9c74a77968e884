// lib/notes.ts
export const notes: string[] = []
