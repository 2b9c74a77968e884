// What time is it in a test? Whatever the test says: the clock of `lockjar/testing`, without all that comes with it.
export type { TestClock } from '../../src/testing/clock.ts'
export { createTestClock } from '../../src/testing/clock.ts'
