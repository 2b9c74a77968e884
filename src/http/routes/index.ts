// Which requests does Lockjar answer?
import { endUserSessionRoute, endUserSessionsRoute, listUserSessionsRoute } from './admin-sessions.ts'
import {
  createUserRoute,
  disableUserRoute,
  enableUserRoute,
  getUserRoute,
  listUsersRoute,
  resetUserRoute,
  searchUsersRoute,
  setRolesRoute,
} from './admin-users.ts'
import { csrfRoute } from './csrf.ts'
import {
  changeEmailRoute,
  confirmEmailChangeRoute,
  requestVerificationRoute,
  verifyEmailRoute,
} from './email.ts'
import { jwksRoute } from './jwks.ts'
import { loginRoute } from './login.ts'
import { logoutAllRoute, logoutRoute } from './logout.ts'
import { deleteMeRoute, getMeRoute, updateMeRoute } from './me.ts'
import { passwordChangeRoute } from './password-change.ts'
import { forgotPasswordRoute, resetPasswordRoute } from './password-reset.ts'
import { refreshRoute } from './refresh.ts'
import { registerRoute } from './register.ts'
import type { Route } from './route.ts'
import { listSessionsRoute, revokeOthersRoute, revokeSessionRoute } from './sessions.ts'
import { stepUpRoute } from './step-up.ts'

export const ROUTES: readonly Route[] = [
  registerRoute,
  loginRoute,
  refreshRoute,
  stepUpRoute,
  logoutRoute,
  logoutAllRoute,
  getMeRoute,
  updateMeRoute,
  deleteMeRoute,
  passwordChangeRoute,
  forgotPasswordRoute,
  resetPasswordRoute,
  requestVerificationRoute,
  verifyEmailRoute,
  changeEmailRoute,
  confirmEmailChangeRoute,
  csrfRoute,
  jwksRoute,
  listSessionsRoute,
  revokeOthersRoute,
  revokeSessionRoute,
  listUsersRoute,
  searchUsersRoute,
  createUserRoute,
  getUserRoute,
  disableUserRoute,
  enableUserRoute,
  setRolesRoute,
  resetUserRoute,
  listUserSessionsRoute,
  endUserSessionsRoute,
  endUserSessionRoute,
]
