/** @jsxImportSource react */
import { useEffect, useState, type FormEvent } from 'react';
import type { Credential, SignedIn } from './credential.ts';

/** What a header can carry, and a key is made of. */
const VISIBLE_ASCII = /^[!-~]+$/;

const SAID = { '': '', used: 'In use; kept in this page only.', unfit: 'This is no key: a key has only ASCII letters, digits and signs, and no spaces.' };

/** The choice of who requests act as: the signed-in session, in one of its accounts, or a pasted key. */
export function ActAs({ session, onChoose }: { session: SignedIn | undefined; onChoose(credential: Credential | undefined): void }) {
  const [by, setBy] = useState<Credential['by']>(session ? 'session' : 'key');
  const [account, setAccount] = useState('');
  useEffect(() => setAccount(session?.accountId ?? ''), [session]);
  const [key, setKey] = useState('');
  const [said, setSaid] = useState<'' | 'used' | 'unfit'>('');

  function chooseSession(accountId: string) {
    setBy('session');
    setAccount(accountId);
    setSaid('');
    onChoose({ by: 'session', accountId });
  }

  function chooseKey() {
    setBy('key');
    setSaid('');
    onChoose(undefined);
  }

  function submit(event: FormEvent) {
    event.preventDefault();
    const trimmed = key.trim();
    if (trimmed === '') return;
    const fit = VISIBLE_ASCII.test(trimmed);
    setSaid(fit ? 'used' : 'unfit');
    onChoose(fit ? { by: 'key', key: trimmed } : undefined);
  }

  return (
    <form className="act-as" onSubmit={submit} autoComplete="off">
      <fieldset>
        <legend>Act as</legend>
        {session && (
          <label>
            <input type="radio" name="by" checked={by === 'session'} onChange={() => chooseSession(account)} />
            Signed-in session (<bdi>{session.actor.name}</bdi>)
          </label>
        )}
        <label>
          <input type="radio" name="by" checked={by === 'key'} onChange={chooseKey} />
          API key
        </label>
        {session && by === 'session' && session.accounts.length > 1 && (
          <label>
            Account{' '}
            <select value={account} onChange={(event) => chooseSession(event.target.value)}>
              {session.accounts.map((one) => (
                <option key={one.uuid} value={one.uuid}>
                  {one.accountName}
                </option>
              ))}
            </select>
          </label>
        )}
        {by === 'key' && (
          <>
            <input
              type="password"
              aria-label="API key"
              placeholder="lk_…"
              autoComplete="off"
              spellCheck={false}
              aria-invalid={said === 'unfit' || undefined}
              aria-describedby="key-said"
              value={key}
              onChange={(event) => {
                setKey(event.target.value);
                setSaid('');
              }}
            />
            <button type="submit" disabled={key.trim() === ''}>
              Use key
            </button>
            <span id="key-said" role="status">
              {SAID[said]}
            </span>
          </>
        )}
      </fieldset>
    </form>
  );
}
