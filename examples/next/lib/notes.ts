// What the example keeps, until the process ends.
export const notes: string[] = []
