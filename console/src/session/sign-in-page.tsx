import { useEffect, useRef } from 'preact/hooks';
import { useTitle } from '../hooks/use-title.ts';
import { Brand } from '../layout/brand.tsx';
import { SignInForm } from './sign-in-form.tsx';

export function SignInPage() {
  useTitle('Sign in');
  const page = useRef<HTMLElement>(null);
  useEffect(() => page.current?.querySelector('input')?.focus(), []);
  return (
    <main class="sign-in" ref={page}>
      <div class="sign-in-card">
        <Brand />
        <h1>Sign in</h1>
        <SignInForm />
      </div>
    </main>
  );
}
