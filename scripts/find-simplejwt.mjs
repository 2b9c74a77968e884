// Which Python has Django REST framework SimpleJWT, with which the tests exchange tokens?
import { spawnSync } from 'node:child_process'

/** Debian's packages belong to Debian's own Python, which another on the path may hide. */
const PYTHONS = ['/usr/bin/python3', 'python3']

/** The command, or `null`. */
export function findSimpleJwt() {
  const has = (python) =>
    spawnSync(python, ['-c', 'import rest_framework_simplejwt'], { stdio: 'ignore' }).status === 0
  return PYTHONS.find(has) ?? null
}
