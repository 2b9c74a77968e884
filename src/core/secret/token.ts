// Which texts may no page see, and how does the compiler know?

declare const secret: unique symbol

/** A credential: whoever holds it acts for its owner. A `string` wherever one is wanted, but for a body that pages read. */
export type Token = string & { readonly [secret]: 'token' }

/** `T` where no token is anywhere in it; with a token, a type that nothing fits. */
export type ForPages<T> = T extends Token
  ? never
  : T extends object
    ? { readonly [Key in keyof T]: ForPages<T[Key]> }
    : T
