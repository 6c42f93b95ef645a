import { giveUp, type SignedIn } from '../api/session.ts';
import { Button } from '../components/button.tsx';
import { Dialog } from '../components/dialog.tsx';
import { SignInForm } from './sign-in-form.tsx';

/** Over whatever is open when the session ends: it all stays, and what was being sent is sent after signing in. */
export function SignInAgain({ who }: { who: SignedIn }) {
  return (
    <Dialog title="Your session has ended" firm onClose={giveUp} actions={<Button onClick={giveUp}>Leave without saving</Button>}>
      <p>Sign in to <strong><bdi>{who.viewer.account.name}</bdi></strong> again. What you entered is still here, and what you were doing goes on.</p>
      <SignInForm startWith={who.actor.kind === 'USER' ? 'password' : 'key'} />
    </Dialog>
  );
}
