/** @jsxImportSource react */
import { useState, type FormEvent } from 'react';
import type { Credential, SignedIn } from './credential.ts';

/** The choice of who requests act as: the signed-in session, in one of its accounts, or a pasted key. */
export function ActAs({ session, onChoose }: { session: SignedIn | undefined; onChoose(credential: Credential | undefined): void }) {
  const [by, setBy] = useState<Credential['by']>(session ? 'session' : 'key');
  const [account, setAccount] = useState(session?.accountId ?? '');
  const [key, setKey] = useState('');
  const [used, setUsed] = useState(false);

  function chooseSession(accountId: string) {
    setBy('session');
    setAccount(accountId);
    setUsed(false);
    onChoose({ by: 'session', accountId });
  }

  function chooseKey() {
    setBy('key');
    setUsed(false);
    onChoose(undefined);
  }

  function submit(event: FormEvent) {
    event.preventDefault();
    const trimmed = key.trim();
    if (trimmed === '') return;
    setUsed(true);
    onChoose({ by: 'key', key: trimmed });
  }

  return (
    <form className="act-as" onSubmit={submit} autoComplete="off">
      <fieldset>
        <legend>Act as</legend>
        {session && (
          <label>
            <input type="radio" name="by" checked={by === 'session'} onChange={() => chooseSession(account)} />
            Signed-in session ({session.actor.name})
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
              value={key}
              onChange={(event) => {
                setKey(event.target.value);
                setUsed(false);
              }}
            />
            <button type="submit" disabled={key.trim() === ''}>
              Use key
            </button>
            <span role="status">{used ? 'In use; kept in this page only.' : ''}</span>
          </>
        )}
      </fieldset>
    </form>
  );
}
