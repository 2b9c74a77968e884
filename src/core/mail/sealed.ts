// How does a mail wait, so that a copy of the database holds no address and no link of it?
import * as v from 'valibot'
import type { KeyRing } from '../keys/ring.ts'
import { openText, sealText } from '../keys/seal.ts'
import type { MailKind, WaitingMail } from './mail.ts'
import { MAIL_KINDS } from './mail.ts'

/** It opens to nothing that would be sent: for where a mail would tell that there is somebody to send it to. */
export type Decoy = 'decoy'

const payload = v.nullable(
  v.strictObject({
    kind: v.picklist(Object.keys(MAIL_KINDS) as MailKind[]),
    to: v.string(),
    user: v.nullable(v.string()),
    name: v.nullable(v.string()),
    link: v.string(),
    at: v.number(),
    endsAt: v.number(),
    ip: v.nullable(v.string()),
    browser: v.nullable(v.string()),
  }),
)

/** Characters. All that wait are of one length, as a rule: a decoy is no shorter than a mail. */
const BLOCK = 1024

/** Sealed with the id of its row, so that it can be put into no other. */
export function sealMail(
  mail: WaitingMail | Decoy,
  id: string,
  iv: Uint8Array<ArrayBuffer>,
  ring: KeyRing,
): Promise<string> {
  const text = JSON.stringify(mail === 'decoy' ? null : mail)
  return sealText(text.padEnd(Math.ceil(text.length / BLOCK) * BLOCK), 'mail-seal', id, iv, ring)
}

/** `null`: its key is no more, or another version of Lockjar sealed it in another form. */
export async function openMail(
  sealed: string,
  id: string,
  ring: KeyRing,
): Promise<WaitingMail | Decoy | null> {
  const opened = await openText(sealed, 'mail-seal', id, ring)
  const parsed = opened && v.safeParse(payload, JSON.parse(opened.text))
  if (!parsed?.success) return null
  return parsed.output ?? 'decoy'
}
