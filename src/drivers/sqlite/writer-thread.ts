// What runs in the writer thread? The serving of commands, on a connection of its own.
import { parentPort, workerData } from 'node:worker_threads'
import { openConnection } from './connection.ts'
import { serveCommands } from './serve-commands.ts'

if (parentPort) serveCommands(parentPort, openConnection(String(workerData)))
