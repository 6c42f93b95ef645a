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

/** A certificate that is valid from tomorrow on, for a key that is there: its path. */
export function makeEarly(directory, key) {
  const cert = path.join(directory, 'early.pem');
  const time = (days) => new Date(Date.now() + days * 86400e3).toISOString().replace(/\D/g, '').slice(0, 14) + 'Z';
  const ca = path.join(directory, 'early');
  fs.mkdirSync(ca);
  fs.writeFileSync(path.join(ca, 'index'), '');
  fs.writeFileSync(path.join(ca, 'ca.cnf'), `[ca]\ndefault_ca=x\n[x]\ndatabase=${ca}/index\nnew_certs_dir=${ca}\nrand_serial=yes\ndefault_md=sha256\npolicy=p\n[p]\ncommonName=supplied\n`);
  const made = [
    ['req', '-new', '-key', key, '-subj', '/CN=early', '-out', path.join(ca, 'csr')],
    ['ca', '-batch', '-selfsign', '-config', path.join(ca, 'ca.cnf'), '-keyfile', key, '-in', path.join(ca, 'csr'), '-startdate', time(1), '-enddate', time(3), '-out', cert, '-notext'],
  ].map((args) => spawnSync('openssl', args, { encoding: 'utf8' }));
  for (const done of made) assert.equal(done.status, 0, done.stderr);
  return cert;
}
