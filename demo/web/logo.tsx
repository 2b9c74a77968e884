// What does Lockjar look like? A jar with a keyhole.
import type { ReactElement } from 'react'

export function Logo(): ReactElement {
  return (
    <svg className="logo" viewBox="0 0 32 32" aria-hidden="true">
      <rect className="logo-lid" x="8" y="2.5" width="16" height="5" rx="2" />
      <path
        className="logo-jar"
        d="M10 9h12c0 2.4 4 3.2 4 7.6v8.4a4.5 4.5 0 0 1-4.5 4.5h-11A4.5 4.5 0 0 1 6 25v-8.4C6 12.2 10 11.4 10 9z"
      />
      <path
        className="logo-hole"
        d="M16 15.5a2.9 2.9 0 0 1 1.5 5.38l.9 4.12h-4.8l.9-4.12A2.9 2.9 0 0 1 16 15.5z"
      />
    </svg>
  )
}
