// proxy.ts
import { toProxy } from 'lockjar/next'
import { NextResponse } from 'next/server'
import { auth } from './lib/auth'

export const proxy = toProxy(auth, NextResponse)
export const config = { matcher: '/((?!_next/|auth/).*)' }
