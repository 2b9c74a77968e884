// Does a server keep to its limits, and does it stop?
import { once } from 'node:events'
import type { Socket } from 'node:net'
import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { setTimeout as pause } from 'node:timers/promises'
import type { RunningServer } from 'lockjar/server'
import { startServer } from 'lockjar/server'
import { afterEach, describe, expect, it } from 'vitest'

const ANY = { host: '127.0.0.1', port: 0, tls: null }
const running: RunningServer[] = []
afterEach(async () => {
  for (const server of running.splice(0)) await server.stop(0)
})

async function start(listener: Parameters<typeof startServer>[0]): Promise<RunningServer> {
  const server = await startServer(listener, ANY)
  running.push(server)
  return server
}

async function write({ port }: RunningServer, bytes: string): Promise<Socket> {
  const socket = connect(port, '127.0.0.1')
  await once(socket, 'connect')
  socket.write(bytes)
  return socket
}

const hello: Parameters<typeof startServer>[0] = (_incoming, outgoing) => outgoing.end('hello')

describe('a server', () => {
  it('answers 431 to headers that no browser sends', async () => {
    const server = await start(hello)
    const sent = await write(server, `GET / HTTP/1.1\r\nHost: x\r\nA: ${'a'.repeat(17_000)}\r\n\r\n`)
    expect(await text(sent)).toMatch(/^HTTP\/1\.1 431 /)
  })

  it('answers 408 to headers that do not end, and waits no longer', async () => {
    const server = await start(hello)
    const sent = await write(server, 'GET / HTTP/1.1\r\nHost: x\r\n')
    expect(await text(sent)).toMatch(/^HTTP\/1\.1 408 /)
  }, 25_000)

  it('stops at once when there are no connections', async () => {
    const server = await start(hello)
    expect(await server.stop(60_000, 50_000)).toBe(true)
  })

  it('still answers what a kept connection sends as it stops, and says that it was the last', async () => {
    const server = await start(hello)
    const request = 'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n'
    const kept = await write(server, request)
    expect(String(await once(kept, 'data'))).toMatch(/\r\nConnection: keep-alive\r\n/)
    const stopped = server.stop(60_000, 50_000)
    kept.write(request)
    expect(await text(kept)).toMatch(/\r\nconnection: close\r\n[\s\S]*hello/)
    expect(await stopped).toBe(true)
  })

  it('closes what is idle once it has lingered: connections kept open, and those that have said nothing', async () => {
    const server = await start(hello)
    const kept = await write(server, 'GET / HTTP/1.1\r\nHost: x\r\n\r\n')
    await once(kept, 'data')
    const silent = await write(server, '')
    await text(await write(server, 'GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n'))
    expect(await server.stop(60_000, 10)).toBe(true)
    expect([await text(kept), await text(silent)]).toEqual(['', ''])
  })

  it('breaks nothing off where it closes idle connections at once', async () => {
    const server = await start(hello)
    const kept = await write(server, 'GET / HTTP/1.1\r\nHost: x\r\n\r\n')
    await once(kept, 'data')
    expect(await server.stop(0)).toBe(true)
  })

  it('closes what becomes idle after that, for its answer had begun before the stop', async () => {
    const begun = Promise.withResolvers<() => void>()
    const server = await start((_incoming, outgoing) => {
      outgoing.flushHeaders()
      begun.resolve(() => outgoing.end('whole'))
    })
    const sent = await write(server, 'GET / HTTP/1.1\r\nHost: x\r\n\r\n')
    await once(sent, 'data')
    const stopped = server.stop(60_000, 0)
    await pause(150)
    ;(await begun.promise)()
    expect(await text(sent)).toContain('whole')
    expect(await stopped).toBe(true)
  })

  it('waits for what is under way, and tells the sender that the connection ends', async () => {
    const entered = Promise.withResolvers<() => void>()
    const server = await start((_incoming, outgoing) => entered.resolve(() => outgoing.end('late')))
    const sent = await write(server, 'GET / HTTP/1.1\r\nHost: x\r\n\r\n')
    const answer = await entered.promise
    const stopped = server.stop(60_000)
    answer()
    expect(await text(sent)).toMatch(/\r\nconnection: close\r\n[\s\S]*late/)
    expect(await stopped).toBe(true)
  })

  it('answers a request whose headers were on their way, and that is the last', async () => {
    const server = await start(hello)
    const sent = await write(server, 'GET / HTTP/1.1\r\nHost: x\r\n')
    // Once it has answered somebody who came later, it has read those.
    await text(await write(server, 'GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n'))
    const stopped = server.stop(60_000)
    sent.write('\r\n')
    expect(await text(sent)).toMatch(/\r\nconnection: close\r\n[\s\S]*hello/)
    expect(await stopped).toBe(true)
  })

  it('breaks off what became another protocol, after the same time', async () => {
    const server = await start(hello)
    server.http.on('upgrade', (_incoming, socket) => socket.write('HTTP/1.1 101 Switching Protocols\r\n\r\n'))
    const sent = await write(
      server,
      'GET / HTTP/1.1\r\nHost: x\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n',
    )
    await once(sent, 'data')
    expect(await server.stop(10)).toBe(false)
  })

  it('breaks off what lasts too long', async () => {
    const entered = Promise.withResolvers<void>()
    const server = await start(() => entered.resolve())
    await write(server, 'GET / HTTP/1.1\r\nHost: x\r\n\r\n')
    await entered.promise
    expect(await server.stop(10)).toBe(false)
  })

  it('ends sooner when it is asked again', async () => {
    const entered = Promise.withResolvers<void>()
    const server = await start(() => entered.resolve())
    const sent = await write(server, 'GET / HTTP/1.1\r\nHost: x\r\n\r\n')
    sent.on('error', () => {})
    await entered.promise
    const stops = [server.stop(60_000), server.stop(0)]
    expect(await Promise.all(stops)).toEqual([false, false])
  })

  it('says in one line why it cannot listen', async () => {
    const { port } = await start(hello)
    await expect(startServer(hello, { ...ANY, port })).rejects.toThrow(
      `lockjar: port ${port} is in use; set another, such as PORT=${port + 1}`,
    )
    await expect(startServer(hello, { ...ANY, host: '192.0.2.1' })).rejects.toThrow(
      /^lockjar: cannot listen on 192\.0\.2\.1:0/,
    )
  })
})
