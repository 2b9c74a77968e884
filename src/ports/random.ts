// Where does randomness come from?

export interface Random {
  /** Bytes from a cryptographically secure generator. */
  bytes(count: number): Uint8Array<ArrayBuffer>
}
