import { X509Certificate } from 'node:crypto';
import { createSecureContext, getCACertificates, type SecureContext } from 'node:tls';

const certificate = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;

/**
 * A TLS context that trusts the usual certificates and those of `pem`; built once, as reading the usual ones takes long.
 * @throws Error when `pem` holds no certificate, or a broken one
 */
export function trusting(pem: string): SecureContext {
  const own = pem.match(certificate) ?? [];
  if (own.length === 0) throw new Error('The CA file holds no certificate in PEM form');
  for (const each of own) new X509Certificate(each);
  return createSecureContext({ ca: [...getCACertificates('default'), ...own] });
}
