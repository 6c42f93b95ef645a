// Certificates for one test, made by the openssl command.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';

/** Makes NAME.pem and NAME.key in a directory: self-signed, or by `issuer` (an answer of this function), which may make an authority of it. {cert, key}: their paths. */
export function makeCertificate(directory, name, { commonName = name, issuer, authority = false, days = 2 } = {}) {
  const cert = path.join(directory, `${name}.pem`);
  const key = path.join(directory, `${name}.key`);
  const arguments_ = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', String(days), '-subj', `/CN=${commonName}`, '-keyout', key, '-out', cert];
  arguments_.push('-addext', 'subjectAltName=IP:127.0.0.1,DNS:localhost');
  if (issuer) arguments_.push('-CA', issuer.cert, '-CAkey', issuer.key, '-addext', `basicConstraints=critical,CA:${authority ? 'TRUE' : 'FALSE'}`);
  const done = spawnSync('openssl', arguments_, { encoding: 'utf8' });
  assert.equal(done.status, 0, done.stderr);
  fs.chmodSync(key, 0o600);
  return { cert, key };
}

/** Runs `openssl ca` for an authority whose index of certificates is in a new directory within this one. */
function authority(directory, ...commands) {
  const own = fs.mkdtempSync(path.join(directory, 'ca-'));
  const file = path.join(own, 'ca.cnf');
  fs.writeFileSync(path.join(own, 'index'), '');
  fs.writeFileSync(file, `[ca]\ndefault_ca=x\n[x]\ndatabase=${own}/index\nnew_certs_dir=${own}\nrand_serial=yes\ndefault_md=sha256\npolicy=p\n[p]\ncommonName=supplied\n`);
  for (const command of commands) {
    const done = spawnSync('openssl', ['ca', '-batch', '-config', file, ...command], { encoding: 'utf8' });
    assert.equal(done.status, 0, done.stderr);
  }
}

/** A moment so many seconds from now, as openssl takes it. */
const moment = (seconds) => `${new Date(Date.now() + seconds * 1000).toISOString().replace(/\D/g, '').slice(0, 14)}Z`;

/** Makes a certificate that is valid from and until so many seconds from now, for a key that is there: its path. */
export function makeDated(directory, name, { key, issuer, from = -3600, until = 3600 }) {
  const cert = path.join(directory, `${name}.pem`);
  const request = path.join(directory, `${name}.csr`);
  assert.equal(spawnSync('openssl', ['req', '-new', '-key', key, '-subj', `/CN=${name}`, '-out', request]).status, 0);
  const by = issuer ? ['-cert', issuer.cert, '-keyfile', issuer.key] : ['-selfsign', '-keyfile', key];
  authority(directory, [...by, '-in', request, '-startdate', moment(from), '-enddate', moment(until), '-out', cert, '-notext']);
  return cert;
}

/** An issuer's list of revoked certificates (paths), which is to be renewed in so many seconds: its text. */
export function makeRevocationList(directory, issuer, revoked, { until = 3600 } = {}) {
  const file = path.join(directory, 'list.crl');
  const by = ['-cert', issuer.cert, '-keyfile', issuer.key];
  authority(directory, ...revoked.map((cert) => [...by, '-revoke', cert]), [...by, '-gencrl', '-crl_lastupdate', moment(-7200), '-crl_nextupdate', moment(until), '-out', file]);
  return fs.readFileSync(file, 'utf8');
}
