import { CopyButton, Secret } from '../../components/copy.tsx';

/** A new secret, at the one moment that it is shown unasked. */
export function KeySecret({ name, secret }: { name: string; secret: string }) {
  return (
    <div class="new-secret">
      <p>This is the key <strong><bdi>{name}</bdi></strong>. Copy it now and keep it where secrets are kept: it is shown only once. Revealing it later is recorded in the audit log.</p>
      <Secret text={secret} label={`The key ${name}`} />
      <CopyButton label="Copy key" look="primary" get={() => Promise.resolve(secret)} done="The key is copied." />
    </div>
  );
}
