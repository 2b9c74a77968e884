// What does a test start when it needs a whole server process? PORT and DATABASE say where.
import { createServer } from 'node:http'
import { createAuth } from 'lockjar'
import { toNodeListener } from 'lockjar/node'

const { PORT = '0', DATABASE = 'sqlite::memory:' } = process.env
const auth = await createAuth({
  baseURL: `http://localhost:${PORT}`,
  database: DATABASE,
  argon2: { memory: 64, passes: 1 },
})
const server = createServer(
  toNodeListener(
    auth,
    auth.protect((_request, { user }) => Response.json({ id: user.id })),
  ),
)
server.listen(Number(PORT), '127.0.0.1', () => process.stdout.write('listening\n'))
process.once('SIGTERM', () => {
  server.close()
  server.closeAllConnections()
  void auth.close()
})
