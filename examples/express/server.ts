// How does an Express application sign people in?
import express from 'express'
import { createAuth } from 'lockjar'
import { requireRecentAuth, requireRole, requireUser, toMiddleware } from 'lockjar/express'

const port = Number(process.env['PORT'] ?? 3000)
const auth = await createAuth({ baseURL: `http://localhost:${port}` })

const app = express()
app.get('/health', (_req, res) => void res.send('well')) // before Lockjar: for everybody, under any name
app.use(toMiddleware(auth))
app.use(express.json())

// Anybody: `user` may be null.
app.get('/', (req, res) => void res.json({ hello: req.auth.user?.id ?? 'stranger' }))
// Signed-in users only; then only some of them, and only with a fresh proof of the password.
app.get('/me', requireUser, (req, res) => void res.json({ id: req.auth.user.id, roles: req.auth.user.roles }))
app.get('/edit', requireRole('editor'), (_req, res) => void res.send('edited'))
app.post('/pay', requireRecentAuth('15m'), (_req, res) => void res.send('paid'))

app.listen(port, '127.0.0.1', (error) => {
  if (error) throw error // Express hands it over here, a port that is taken too
  console.log(`http://localhost:${port}`)
})
