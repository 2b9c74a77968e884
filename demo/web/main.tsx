// Where does the page begin?
import { AuthProvider } from 'lockjar/react'
import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { App } from './app.tsx'
import { attack } from './attack.ts'
import { client } from './client.ts'

// For the browser tests, which run the same attack as the button does.
Object.assign(window, { lockjarDemoAttack: attack })

const root = document.getElementById('root')
if (root) {
  createRoot(root).render(
    <StrictMode>
      <AuthProvider client={client}>
        <App />
      </AuthProvider>
    </StrictMode>,
  )
}
