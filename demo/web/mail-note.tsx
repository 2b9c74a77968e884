// Where does a mail of the demo arrive?
import type { ReactElement } from 'react'

/** Nobody gets one who has not named a mail server, and most have not. */
export function MailNote(): ReactElement {
  return (
    <p className="hint">
      The demo prints its mails in the terminal in which it runs, unless you gave it a mail server.
    </p>
  )
}
