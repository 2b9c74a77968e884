// How does a command end that has not done what was asked? With one line and a code that scripts can tell apart.

/** Exit codes. Never renumbered: scripts rely on them. */
export const EXIT = {
  ok: 0,
  /** The answer is no, or what was asked for could not be done. */
  no: 1,
  /** The command line itself is wrong. */
  usage: 2,
  /** Settings that cannot work, or a database, port or file that cannot be had. */
  unavailable: 3,
  /** Somebody pressed Ctrl-C. */
  interrupted: 130,
} as const

/** @example `throw new Refusal('no', 'there is no such user')` */
export class Refusal extends Error {
  override readonly name = 'Refusal'
  readonly exit: number

  /** `reason`: its name here, or the code as another process ended with it. */
  constructor(reason: Exclude<keyof typeof EXIT, 'ok'> | number, message: string, options?: ErrorOptions) {
    super(message, options)
    this.exit = typeof reason === 'number' ? reason : EXIT[reason]
  }
}

/** Ends with the code alone: whoever has to hear why has been told. */
export class Told extends Error {
  override readonly name = 'Told'
  readonly exit: number

  constructor(exit: number, options?: ErrorOptions) {
    super('told already', options)
    this.exit = exit
  }
}
