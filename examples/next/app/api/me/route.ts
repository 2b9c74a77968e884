// app/api/me/route.ts
import { auth } from '../../../lib/auth'

export const GET = auth.protect((_request, { user }) => Response.json({ id: user.id, roles: user.roles }))
