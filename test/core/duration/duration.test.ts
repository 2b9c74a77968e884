// Which texts are durations?
import { describe, expect, it } from 'vitest'
import { parseDuration } from '../../../src/core/duration/duration.ts'

describe('a duration', () => {
  it.each<[text: string, milliseconds: number | null]>([
    ['1s', 1000],
    ['90s', 90_000],
    ['10m', 600_000],
    ['12h', 43_200_000],
    ['400d', 34_560_000_000],
    ['999999999d', 86_399_999_913_600_000],
    ['', null],
    ['0s', null],
    ['010s', null],
    ['10', null],
    ['s', null],
    ['10 m', null],
    [' 10m', null],
    ['10m\n', null],
    ['10M', null],
    ['10ms', null],
    ['1.5h', null],
    ['-1h', null],
    ['+1h', null],
    ['1h30m', null],
    ['1e3s', null],
    ['1w', null],
    ['P1D', null],
    ['Infinityd', null],
    ['1000000000s', null],
    ['١٠s', null],
  ])('%j is %j milliseconds', (text, milliseconds) => {
    expect(parseDuration(text)).toBe(milliseconds)
  })
})
