// Certificates for one test, made by the openssl command.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';

/** Makes NAME.pem and NAME.key in a directory: self-signed, or by `issuer` (an answer of this function). {cert, key}: their paths. */
export function makeCertificate(directory, name, { commonName = name, issuer, days = 2 } = {}) {
  const cert = path.join(directory, `${name}.pem`);
  const key = path.join(directory, `${name}.key`);
  const arguments_ = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', String(days), '-subj', `/CN=${commonName}`, '-keyout', key, '-out', cert];
  arguments_.push('-addext', 'subjectAltName=IP:127.0.0.1,DNS:localhost');
  if (issuer) arguments_.push('-CA', issuer.cert, '-CAkey', issuer.key, '-addext', 'basicConstraints=critical,CA:FALSE');
  const done = spawnSync('openssl', arguments_, { encoding: 'utf8' });
  assert.equal(done.status, 0, done.stderr);
  fs.chmodSync(key, 0o600);
  return { cert, key };
}
