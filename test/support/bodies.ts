// What would each route of ours take? For tests that try every route.
import type { Route } from '../../src/http/routes/route.ts'
import { PASSWORD } from './auth.ts'

/** By the operation. A route with fields that is missing here fails in test/http/fields.test.ts. */
export const BODIES: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  register: { email: 'new@example.com', password: PASSWORD },
  login: { username: 'ada', password: PASSWORD },
  stepUp: { password: PASSWORD },
  updateMe: { name: 'Ada' },
  deleteMe: { password: PASSWORD },
  changePassword: { currentPassword: PASSWORD, newPassword: 'another horse, another battery' },
  forgotPassword: { email: 'ada@example.com' },
  resetPassword: { token: 'x', newPassword: PASSWORD },
  verifyEmail: { token: 'x' },
  changeEmail: { email: 'new@example.com', password: PASSWORD },
  confirmEmailChange: { token: 'x' },
  createUser: { email: 'new@example.com' },
  searchUsers: { search: 'ada' },
  setRoles: { roles: ['editor'] },
}

/** The fields that a route knows: of its body, or of a GET's query. */
export function fieldsOf({ body }: Route): readonly string[] {
  const schema = body as { entries?: object; pipe?: readonly { entries?: object }[] }
  return Object.keys(schema.entries ?? schema.pipe?.[0]?.entries ?? {})
}
