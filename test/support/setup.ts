// What is asserted after each test, whatever it is about? That no token and no password has left the server.
import { afterEach, expect } from 'vitest'
import { leaks } from './egress.ts'

afterEach(() => {
  expect(leaks.splice(0)).toEqual([])
})
