import { useState } from 'preact/hooks';
import { chooseAccount, signOut } from '../api/session.ts';
import { announceFailure } from '../components/announcer.tsx';
import { Button } from '../components/button.tsx';
import { Icon } from '../components/icon.tsx';
import { useWho } from '../hooks/use-session.ts';

/** Who is signed in, to which account, and the way out. */
export function AccountMenu() {
  const { accounts, accountId } = useWho();
  const [leaving, setLeaving] = useState(false);
  const leave = () => {
    setLeaving(true);
    signOut().catch((thrown: unknown) => announceFailure(thrown, 'You are still signed in. ')).finally(() => setLeaving(false));
  };
  return (
    <div class="account-menu">
      {accounts.length > 1 ? (
        <label class="account-switch">
          <span class="visually-hidden">Account</span>
          <select value={accountId} onChange={(event) => chooseAccount(event.currentTarget.value)}>
            {accounts.map((one) => <option key={one.uuid} value={one.uuid}>{one.accountName}</option>)}
          </select>
        </label>
      ) : (
        <AccountName />
      )}
      <Actor />
      <Button kind="quiet" icon="signOut" busy={leaving} onClick={leave}>Sign out</Button>
    </div>
  );
}

/** Who is signed in, to which account, in the menu of a narrow screen: there is no room for it at the top. */
export function SignedIn() {
  return (
    <section class="signed-in" aria-label="Who is signed in">
      <Actor />
      <AccountName />
    </section>
  );
}

function AccountName() {
  return <span class="account-name" title="Account">{useWho().viewer.account.name}</span>;
}

function Actor() {
  const { kind, name } = useWho().actor;
  return (
    <span class="actor" title={kind === 'USER' ? 'Signed in as a user' : 'Signed in with an API key'}>
      <Icon name={kind === 'USER' ? 'user' : 'key'} />
      <span class="visually-hidden">{kind === 'USER' ? 'Signed in as' : 'Signed in with the API key'}</span>
      <bdi>{name}</bdi>
    </span>
  );
}
