// Does a progress bar show on a terminal only, and seldom?
import { describe, expect, it } from 'vitest'
import { createProgress } from '../../src/cli/progress.ts'
import { createWorld } from '../support/cli.ts'
import { createTestClock } from '../support/clock.ts'

describe('a progress bar', () => {
  it('is drawn on a terminal, ten times a second at most, and taken away at the end', () => {
    const clock = createTestClock()
    const world = createWorld({ terminal: true, clock })
    const progress = createProgress(world.io, 'importing', 1000)
    for (let done = 0; done <= 1000; done++) {
      progress.update(done)
      clock.advance(1)
    }
    progress.close()
    const frames = world.stderr().split('\r\u001b[K')
    expect(frames.length).toBe(13)
    expect(frames.at(-2)).toBe(`importing  ${'█'.repeat(40)} 100 %`)
    expect(frames.at(-1)).toBe('')
    expect(world.stdout()).toBe('')
  })

  it.each([20, 40, 80, 200])('is narrower than a terminal of %i columns', (columns) => {
    const world = createWorld({ terminal: true, columns })
    createProgress(world.io, 'importing', 7).update(3)
    const [, frame = ''] = world.stderr().split('\r\u001b[K')
    expect(frame.length).toBeGreaterThan(0)
    expect(frame.length).toBeLessThan(columns)
  })

  it('shows a count where nobody knows how much there is', () => {
    const world = createWorld({ terminal: true })
    createProgress(world.io, 'exporting', null).update(1234)
    expect(world.stderr()).toContain('exporting  1234')
  })

  it.each([
    ['a file', { terminal: false }],
    ['a terminal that cannot redraw', { terminal: true, env: { TERM: 'dumb' } }],
  ])('writes nothing to %s', (_what, options) => {
    const world = createWorld(options)
    const progress = createProgress(world.io, 'importing', 10)
    progress.update(5)
    progress.close()
    expect(world.stderr()).toBe('')
  })
})
