// With which certificate does a test serve https, and how does Chromium come to trust it and no other?
import { createHash, X509Certificate } from 'node:crypto'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { generate } from 'selfsigned'

export interface TestCertificate {
  readonly certFile: string
  readonly keyFile: string
  /** For Chromium's `--ignore-certificate-errors-spki-list`: everything else is checked as ever. */
  readonly spki: string
}

export async function createCertificate(hosts: readonly string[]): Promise<TestCertificate> {
  const altNames = hosts.map((value) => ({ type: 2 as const, value }))
  const { cert, private: key } = await generate([{ name: 'commonName', value: hosts[0] ?? 'localhost' }], {
    keyType: 'ec',
    algorithm: 'sha256',
    extensions: [{ name: 'subjectAltName', altNames }],
  })
  const folder = mkdtempSync(join(tmpdir(), 'lockjar-tls-'))
  const [certFile, keyFile] = [join(folder, 'cert.pem'), join(folder, 'key.pem')]
  writeFileSync(certFile, cert)
  writeFileSync(keyFile, key, { mode: 0o600 })
  const publicKey = new X509Certificate(cert).publicKey.export({ type: 'spki', format: 'der' })
  return { certFile, keyFile, spki: createHash('sha256').update(publicKey).digest('base64') }
}
