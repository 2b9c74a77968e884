// Where do many requests come from? From wrk where it is installed, else from here.
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { connect } from 'node:net'
import { onProcessor } from './servers.ts'

export interface Target {
  readonly port: number
  readonly host: string
  readonly cookie: string
  /** Default `/`. */
  readonly path?: string
}

const CONNECTIONS = 32

export interface Load {
  /** Requests a second. */
  readonly rate: number
  readonly answered: number
}

/** For `seconds`. Rejects where anything but 200 was answered. */
export function generateLoad(target: Target, seconds: number): Promise<Load> {
  return spawnSync('wrk', ['-v']).error ? byHand(target, seconds) : byWrk(target, seconds)
}

async function byWrk({ port, host, cookie, path = '/' }: Target, seconds: number): Promise<Load> {
  const [command = 'wrk', ...args] = [
    ...onProcessor(1),
    'wrk',
    ...[
      '-t1',
      `-c${CONNECTIONS}`,
      `-d${seconds}s`,
      '-H',
      `Host: ${host}`,
      ...(cookie === '' ? [] : ['-H', `Cookie: ${cookie}`]),
    ],
    `http://127.0.0.1:${port}${path}`,
  ]
  const wrk = spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  let text = ''
  wrk.stdout.setEncoding('utf8').on('data', (chunk) => {
    text += chunk
  })
  await once(wrk, 'close')
  const rate = Number(/Requests\/sec:\s+([\d.]+)/.exec(text)?.[1])
  const answered = Number(/(\d+) requests in/.exec(text)?.[1])
  if (!(rate > 0) || !(answered > 0) || /Non-2xx|Socket errors/.test(text)) throw new Error(`wrk: ${text}`)
  return { rate, answered }
}

/** Each connection asks again when it has its answer. The answers are small and come in one piece. */
async function byHand({ port, host, cookie, path = '/' }: Target, seconds: number): Promise<Load> {
  const request = `GET ${path} HTTP/1.1\r\nHost: ${host}\r\n${cookie === '' ? '' : `Cookie: ${cookie}\r\n`}\r\n`
  let answered = 0
  const began = performance.now()
  const ends = Array.from({ length: CONNECTIONS }, async () => {
    const socket = connect(port, '127.0.0.1')
    socket.setNoDelay().write(request)
    for await (const chunk of socket) {
      if (!String(chunk).startsWith('HTTP/1.1 200')) throw new Error(`answered: ${chunk}`)
      answered++
      if (performance.now() - began >= seconds * 1000) break
      socket.write(request)
    }
  })
  await Promise.all(ends)
  return { rate: answered / ((performance.now() - began) / 1000), answered }
}
