// What has been put into the outbox, opened as soon as it waits there? Whom it reaches, and when, is another test's matter.
import type { Store } from 'lockjar'
import { createKeyRing } from '../../src/core/keys/ring.ts'
import type { MailKind, WaitingMail } from '../../src/core/mail/mail.ts'
import type { Decoy } from '../../src/core/mail/sealed.ts'
import { openMail } from '../../src/core/mail/sealed.ts'
import { SECRET } from './auth.ts'

export interface Mailbox {
  /** All, oldest first, decoys too. */
  all(): Promise<readonly (WaitingMail | Decoy)[]>
  /** Kind and address of each, oldest first, since this was asked before. */
  news(): Promise<readonly (readonly [kind: MailKind, to: string] | Decoy)[]>
  /** The newest of a kind. */
  newest(kind: MailKind): Promise<WaitingMail>
  /** The token in its link. */
  token(kind: MailKind): Promise<string>
}

/** For `createAuth`: it sends nothing, and makes a server one that sends mail. */
export const NO_MAILER = { send: async () => {} }

/** Of a server with `SECRET` on this store. */
export function watchOutbox(store: Store): Mailbox {
  const rows: { readonly id: string; readonly sealed: string }[] = []
  const add = store.outbox.add.bind(store.outbox)
  Object.assign(store.outbox, {
    add: (...args: Parameters<typeof add>) => {
      rows.push(args[0])
      return add(...args)
    },
  })
  const ring = createKeyRing([Uint8Array.from(Buffer.from(SECRET, 'base64url'))])
  let told = 0

  const all = async (): Promise<readonly (WaitingMail | Decoy)[]> => {
    const mails = await Promise.all(rows.map(async ({ id, sealed }) => openMail(sealed, id, await ring)))
    return mails.map((mail) => mail ?? fail('a mail that nobody can open'))
  }
  const newest = async (kind: MailKind): Promise<WaitingMail> => {
    const fitting = (await all()).filter((mail) => mail !== 'decoy').filter((mail) => mail.kind === kind)
    return fitting.at(-1) ?? fail(`no ${kind} mail`)
  }
  return {
    all,
    async news() {
      const fresh = (await all()).slice(told)
      told += fresh.length
      return fresh.map((mail) => (mail === 'decoy' ? mail : [mail.kind, mail.to]))
    },
    newest,
    token: async (kind) => new URL((await newest(kind)).link).hash.slice('#token='.length),
  }
}

function fail(reason: string): never {
  throw new Error(reason)
}
