// How does a line of the revocation log become a floor, and back?
import type { Insertable, Selectable } from 'kysely'
import type { Floor, FloorScope } from '../../core/revocation/floors.ts'
import type { RevocationsTable } from './schema.ts'

export function toFloor({
  scope,
  floor,
  expires_at,
}: Pick<Selectable<RevocationsTable>, 'scope' | 'floor' | 'expires_at'>): Floor {
  return { scope: scope as FloorScope, floor: floor ?? Number.POSITIVE_INFINITY, expiresAt: expires_at }
}

export function toFloorRow({ scope, floor, expiresAt }: Floor): Insertable<RevocationsTable> {
  return { scope, floor: floor === Number.POSITIVE_INFINITY ? null : floor, expires_at: expiresAt }
}
