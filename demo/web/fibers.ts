// What does React hold? Its fibers hang on the page's root element, state and props and all.

interface Fiber {
  readonly child: Fiber | null
  readonly sibling: Fiber | null
  readonly alternate: Fiber | null
  readonly memoizedState: unknown
  readonly memoizedProps: unknown
  readonly dependencies: unknown
}

const MOST_FIBERS = 5000

/** State, props and context of every component, in the tree that is shown and in the one before it. */
export function readFibers(): readonly unknown[] {
  const found: unknown[] = []
  for (const root of findRoots()) {
    const stack: (Fiber | null)[] = [root, root.alternate]
    for (let count = 0; stack.length > 0 && count < MOST_FIBERS; count++) {
      const fiber = stack.pop()
      if (!fiber) continue
      found.push(fiber.memoizedState, fiber.memoizedProps, contextOf(fiber))
      stack.push(fiber.sibling, fiber.child)
    }
  }
  return found
}

function findRoots(): readonly Fiber[] {
  return [...document.querySelectorAll('*')].flatMap((element) =>
    Object.keys(element)
      .filter((key) => key.startsWith('__reactContainer$'))
      .map((key) => Reflect.get(element, key) as Fiber),
  )
}

/** A list of what the component read from the contexts above it. */
function contextOf({ dependencies }: Fiber): readonly unknown[] {
  const values: unknown[] = []
  let next = first(dependencies)
  while (next && values.length < 50) {
    values.push(next.memoizedValue)
    next = next.next
  }
  return values
}

interface ContextItem {
  readonly memoizedValue: unknown
  readonly next: ContextItem | null
}

function first(dependencies: unknown): ContextItem | null {
  return (dependencies as { readonly firstContext: ContextItem | null } | null)?.firstContext ?? null
}
