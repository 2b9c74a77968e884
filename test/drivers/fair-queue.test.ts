// Is waiting work shared fairly by who asked?
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createFairQueue } from '../../src/drivers/node/fair-queue.ts'

function drain(pushed: readonly (readonly [source: string, item: number])[]): string[] {
  const queue = createFairQueue<string>()
  for (const [source, item] of pushed) queue.push(source, source + item)
  const order: string[] = []
  for (let item = queue.shift(); item !== undefined; item = queue.shift()) order.push(item)
  expect(queue.size).toBe(0)
  return order
}

describe('a fair queue', () => {
  it.each<[pushed: [string, number][], order: string[]]>([
    [[], []],
    [
      [
        ['a', 1],
        ['a', 2],
      ],
      ['a1', 'a2'],
    ],
    [
      [
        ['a', 1],
        ['a', 2],
        ['a', 3],
        ['b', 1],
      ],
      ['a1', 'b1', 'a2', 'a3'],
    ],
    [
      [
        ['a', 1],
        ['b', 1],
        ['a', 2],
        ['c', 1],
        ['b', 2],
      ],
      ['a1', 'b1', 'c1', 'a2', 'b2'],
    ],
  ])('serves %j as %j', (pushed, order) => {
    expect(drain(pushed)).toEqual(order)
  })

  it('takes back what came last from the source that waits with the most, for one that waits with less', () => {
    const queue = createFairQueue<string>()
    for (const item of ['a1', 'a2', 'a3', 'b1', 'b2']) queue.push(item.charAt(0), item)
    expect(queue.evictFor('a')).toBeUndefined()
    expect(queue.evictFor('b')).toBeUndefined()
    expect(queue.evictFor('c')).toBe('a3')
    expect(queue.size).toBe(4)
    expect(queue.evictFor('c')).toBe('a2')
    expect(queue.evictFor('c')).toBe('b2')
    expect(queue.evictFor('c')).toBeUndefined()
    expect([queue.shift(), queue.shift(), queue.shift()]).toEqual(['a1', 'b1', undefined])
  })

  it('takes back an item that is still waiting, and no other', () => {
    const queue = createFairQueue<string>()
    for (const item of ['a1', 'a2', 'b1']) queue.push(item.charAt(0), item)
    expect(queue.remove('a', 'a1')).toBe(true)
    expect(queue.remove('a', 'a1')).toBe(false)
    expect(queue.remove('b', 'a2')).toBe(false)
    expect(queue.remove('c', 'c1')).toBe(false)
    expect(queue.remove('b', 'b1')).toBe(true)
    expect([queue.size, queue.shift(), queue.shift()]).toEqual([1, 'a2', undefined])
  })

  it('puts a source that comes while others wait behind each of them once', () => {
    const queue = createFairQueue<string>()
    for (const n of [1, 2, 3]) queue.push('flood', `flood${n}`)
    expect(queue.shift()).toBe('flood1')
    queue.push('quiet', 'quiet1')
    queue.push('flood', 'flood4')
    expect([queue.shift(), queue.shift(), queue.shift(), queue.size]).toEqual([
      'flood2',
      'quiet1',
      'flood3',
      1,
    ])
  })

  it('loses nothing, keeps each source’s order, and never makes one wait for two of another', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom('a', 'b', 'c'), { maxLength: 30 }), (sources) => {
        const order = drain(sources.map((source, n) => [source, n]))
        expect(order).toHaveLength(sources.length)
        for (const source of 'abc') {
          const own = order.filter((item) => item.startsWith(source)).map((item) => Number(item.slice(1)))
          expect(own).toEqual([...own].sort((a, b) => a - b))
        }
        for (let index = 1; index < order.length; index++) {
          const [last, here] = [order[index - 1]?.[0], order[index]?.[0]]
          if (last === here) expect(new Set(order.slice(index).map((item) => item[0])).size).toBe(1)
        }
      }),
    )
  })
})
