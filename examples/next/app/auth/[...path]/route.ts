// app/auth/[...path]/route.ts
import { toRouteHandlers } from 'lockjar/next'
import { auth } from '../../../lib/auth'

export const { GET, POST, PATCH, DELETE, OPTIONS } = toRouteHandlers(auth)
