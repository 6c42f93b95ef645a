import { useRef, useState } from 'preact/hooks';
import { signIn } from '../api/session.ts';
import { Button } from '../components/button.tsx';
import { TextField } from '../components/field.tsx';
import { Problem } from '../components/problem.tsx';
import { useSubmit } from '../hooks/use-submit.ts';

type Way = 'key' | 'password';

/** Asks for an API key, or for e-mail address and password. */
export function SignInForm({ startWith = 'key' }: { startWith?: Way }) {
  const [way, setWay] = useState<Way>(startWith);
  const [apiKey, setApiKey] = useState('');
  const [email, setEmail] = useState('');
  const [password, setPassword] = useState('');
  const form = useRef<HTMLFormElement>(null);
  const sending = useSubmit(async () => {
    try {
      await signIn(way === 'key' ? { apiKey: apiKey.trim() } : { email: email.trim(), password });
    } catch (thrown) {
      form.current?.querySelector('input')?.focus();
      throw thrown;
    }
  });
  const other: Way = way === 'key' ? 'password' : 'key';
  return (
    <form ref={form} onSubmit={(event) => { event.preventDefault(); void sending.submit(); }}>
      {sending.failure && <Problem failure={sending.failure} />}
      {way === 'key' ? (
        <TextField label="API key" type="password" value={apiKey} onInput={setApiKey} required mono autocomplete="off" placeholder="lk_…" autofocus />
      ) : (
        <>
          <TextField label="E-mail" type="email" value={email} onInput={setEmail} required autocomplete="username" autofocus />
          <TextField label="Password" type="password" value={password} onInput={setPassword} required autocomplete="current-password" />
        </>
      )}
      <div class="sign-in-actions">
        <Button type="submit" kind="primary" busy={sending.busy}>{sending.busy ? 'Signing in…' : 'Sign in'}</Button>
        <Button kind="quiet" onClick={() => { sending.clear(); setWay(other); }}>{other === 'key' ? 'Use an API key' : 'Use e-mail and password'}</Button>
      </div>
    </form>
  );
}
