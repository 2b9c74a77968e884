// How does the page of the demo become files?
import react from '@vitejs/plugin-react'
import { defineConfig } from 'vite'

export default defineConfig({
  root: import.meta.dirname,
  plugins: [react()],
  // The demo runs on Lockjar's TypeScript source, so a change needs no build of the package.
  resolve: { conditions: ['lockjar-source', 'module', 'browser', 'development|production'] },
  build: {
    target: 'es2022',
    // The polyfill and inlined assets would need a weaker content security policy.
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0,
  },
})
