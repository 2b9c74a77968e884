// Is everything here that the command after this needs? If not, brings it, and says what it is doing.
//
// Runs on the Node that the machine has (20 is enough); what comes after runs on the Node 26 in node_modules/.bin.
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { findChromium } from './find-chromium.mjs'
import { findPgBouncer } from './find-pgbouncer.mjs'
import { findPostgres } from './find-postgres.mjs'
import { findRedis } from './find-redis.mjs'
import { findSimpleJwt } from './find-simplejwt.mjs'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const node = join(root, 'node_modules', '.bin', process.platform === 'win32' ? 'node.cmd' : 'node')

if (!isInstalled()) installPackages()
if (process.argv.includes('--with-browser') && !findChromium()) installChromium()
if (process.argv.includes('--with-simplejwt') && !findSimpleJwt()) installSimpleJwt()
if (process.argv.includes('--with-services')) {
  if (!findPostgres()) installPostgres()
  if (!findPgBouncer()) installPgBouncer()
  if (!findRedis()) installRedis()
}
if (process.argv.includes('--with-runtimes')) installRuntimes()

/** Compares the lock file with what npm wrote last of all, so an interrupted install counts as none. */
function isInstalled() {
  try {
    const packages = (...path) => JSON.parse(readFileSync(join(root, ...path), 'utf8')).packages
    const have = packages('node_modules', '.package-lock.json')
    return (
      existsSync(node) &&
      Object.entries(packages('package-lock.json')).every(([path, wanted]) => isThere(have, path, wanted))
    )
  } catch {
    return false
  }
}

function isThere(have, path, wanted) {
  if (!path.includes('node_modules/') || wanted.link) return true
  const present = have[path]
  if (!present) return Boolean(wanted.optional || wanted.devOptional || wanted.peer)
  return present.version === wanted.version && present.integrity === wanted.integrity
}

function installPackages() {
  say('Installing packages with npm ci (once, about half a minute) ...')
  npm('ci', root)
  if (!existsSync(node)) stop(`npm ci brought no Node 26 for ${process.platform}-${process.arch}.`)
}

/**
 * Bun, Deno, workerd and Next are 700 MB, so they are not among the packages that everybody needs. Nothing hangs on them, so nothing is
 * locked; and where they cannot be had everything else is tested all the same.
 */
function installRuntimes() {
  const folder = join(root, 'tools', 'runtimes')
  if (
    ['bun', 'deno', 'next', 'workerd'].every((name) => existsSync(join(folder, 'node_modules', '.bin', name)))
  )
    return
  say('Installing Bun, Deno, workerd and Next with npm (once, 700 MB) ...')
  if (runNpm('install', folder, '--no-package-lock') !== 0)
    say('Bun, Deno, workerd and Next cannot be had here: the tests that run them are LEFT OUT.')
}

function npm(...command) {
  const status = runNpm(...command)
  if (status !== 0) stop(`npm ${command[0]} failed; its own message is above.`, status)
}

function runNpm(verb, cwd, ...more) {
  const path = process.env.npm_execpath
  const [command, ...head] = path ? [process.execPath, path] : ['npm']
  const options = [
    ...more,
    '--include=dev',
    '--include=optional',
    '--no-audit',
    '--no-fund',
    '--no-progress',
    '--loglevel=error',
  ]
  const { status } = spawnSync(command, [...head, verb, ...options], {
    cwd,
    stdio: 'inherit',
    env: { ...process.env, NODE_ENV: 'development' },
  })
  return status ?? 1
}

function installChromium() {
  install({
    what: 'Chromium',
    packages: ['chromium', 'fonts-liberation'],
    otherwise:
      'install it (apt-get install chromium, brew install --cask chromium), or name it in LOCKJAR_CHROMIUM',
    isThere: findChromium,
  })
}

function installSimpleJwt() {
  install({
    what: 'SimpleJWT of Django REST framework',
    packages: ['python3-djangorestframework-simplejwt'],
    otherwise:
      'install it (apt-get install python3-djangorestframework-simplejwt, pip install djangorestframework-simplejwt)',
    isThere: findSimpleJwt,
  })
}

function installPostgres() {
  install({
    what: 'PostgreSQL',
    packages: ['postgresql'],
    service: 'postgresql',
    otherwise:
      'install it (apt-get install postgresql, brew install postgresql), or name the folder of initdb in LOCKJAR_POSTGRES_BIN',
    isThere: findPostgres,
  })
}

function installPgBouncer() {
  install({
    what: 'PgBouncer',
    packages: ['pgbouncer'],
    service: 'pgbouncer',
    otherwise:
      'install it (apt-get install pgbouncer, brew install pgbouncer), or name it in LOCKJAR_PGBOUNCER',
    isThere: findPgBouncer,
  })
}

function installRedis() {
  install({
    what: 'Redis',
    packages: ['redis-server'],
    service: 'redis-server',
    otherwise:
      'install it (apt-get install redis-server, brew install redis), or name it in LOCKJAR_REDIS_SERVER',
    isThere: findRedis,
  })
}

/** Debian and its kin, as root; elsewhere the person decides. */
function install({ what, packages, service, otherwise, isThere }) {
  const apt = spawnSync('apt-get', ['--version'], { stdio: 'ignore' }).status === 0
  if (!apt || process.getuid?.() !== 0) stop(`The tests need ${what}: ${otherwise}.`)
  say(`Installing ${what} for the tests with apt-get (once) ...`)
  const run = (...args) => {
    const { status } = spawnSync('apt-get', args, {
      stdio: ['ignore', 'ignore', 'inherit'],
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    })
    if (status !== 0) stop(`apt-get ${args[0]} failed. The tests need ${what}: ${otherwise}.`)
  }
  run('update', '-qq')
  const options = ['-y', '-qq', '--no-install-recommends', '-o', 'Dpkg::Options::=--force-confold']
  run('install', ...options, ...packages)
  if (service) stopService(service)
  if (!isThere()) stop(`apt-get installed ${what}, but it cannot be found: ${otherwise}.`)
}

/** The tests start their own, on ports of their own: what Debian starts by itself, now and with the machine, is not wanted. */
function stopService(name) {
  spawnSync('service', [name, 'stop'], { stdio: 'ignore' })
  spawnSync('update-rc.d', [name, 'disable'], { stdio: 'ignore' })
}

function say(text) {
  process.stderr.write(`lockjar: ${text}\n`)
}

function stop(text, status = 1) {
  say(text)
  process.exit(status)
}
