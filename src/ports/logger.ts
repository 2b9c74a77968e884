// Where do events go that an operator may want to read?

/**
 * Facts of an event. Never a token, a password or an e-mail address: sessions and users appear by their public id. What reaches a logger
 * is flat and masked: an error has become its message, code, causes and stack.
 */
export type LogFields = Readonly<Record<string, string | number | boolean | null | undefined | Error>>

/** The shape of pino and of most loggers. What it throws fails nothing: that line goes to standard error, if it is a warning or worse. */
export interface Logger {
  info(fields: LogFields, message: string): void
  warn(fields: LogFields, message: string): void
  error(fields: LogFields, message: string): void
}
