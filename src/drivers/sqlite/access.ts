// Which commands write, so that they go through the writer thread, and which only read?
import type { Stores } from './stores.ts'

/** `read`: answered at once on the main thread. `write`: durable when answered, by the writer thread. */
type Access = 'read' | 'write'

/** A method that a port gains is a type error here until somebody decides. A read that writes is refused by SQLite. */
export const ACCESS: {
  readonly [Part in keyof Stores]: { readonly [Method in keyof Stores[Part]]-?: Access }
} = {
  audit: {
    append: 'write',
    page: 'read',
    chain: 'read',
    ends: 'read',
    prune: 'write',
  },
  users: {
    create: 'write',
    createMany: 'write',
    find: 'read',
    list: 'read',
    findByEmail: 'read',
    findByUsername: 'read',
    updateProfile: 'write',
    replaceHash: 'write',
    recordLogin: 'write',
    raiseRevision: 'write',
    setRoles: 'write',
    setDisabled: 'write',
    setPassword: 'write',
    delete: 'write',
  },
  oneTimeTokens: {
    issue: 'write',
    find: 'read',
    completeRegistration: 'write',
    verifyEmail: 'write',
    resetPassword: 'write',
    changeEmail: 'write',
    prune: 'write',
  },
  sessions: {
    create: 'write',
    find: 'read',
    findAll: 'read',
    swap: 'write',
    prove: 'write',
    confirm: 'write',
    list: 'read',
    revoke: 'write',
    revokeOthers: 'write',
    revokeAll: 'write',
    revokeEveryone: 'write',
    prune: 'write',
  },
  sessionData: {
    read: 'read',
    write: 'write',
    begin: 'write',
    touch: 'write',
    rotate: 'write',
    adopt: 'write',
    end: 'write',
    prune: 'write',
  },
  revocations: {
    read: 'read',
    watch: 'read',
    announce: 'read',
    prune: 'write',
  },
  outbox: {
    add: 'write',
    isDue: 'read',
    claim: 'write',
    remove: 'write',
    postpone: 'write',
    prune: 'write',
  },
  limits: {
    consume: 'write',
    giveBack: 'write',
    prune: 'write',
  },
  knownNetworks: {
    knows: 'read',
    remember: 'write',
    forget: 'write',
    prune: 'write',
  },
}
