import { useId, useState } from 'preact/hooks';
import { accountId, run } from '../../api/client.ts';
import { RotateKey } from '../../api/generated.ts';
import { Button } from '../../components/button.tsx';
import { Dialog } from '../../components/dialog.tsx';
import { FieldGroup } from '../../components/field.tsx';
import { FormDialog } from '../../components/form-dialog.tsx';
import { useForgetting } from '../../hooks/use-forgetting.ts';
import { useWho } from '../../hooks/use-session.ts';
import { useSubmit } from '../../hooks/use-submit.ts';
import { KeySecret } from './key-secret.tsx';

const OVERLAPS = [
  { seconds: 0, label: 'Stops now', hint: 'For a key that leaked.' },
  { seconds: 3_600, label: 'Works 1 hour more', hint: '' },
  { seconds: 86_400, label: 'Works 24 hours more', hint: '' },
  { seconds: 604_800, label: 'Works 7 days more', hint: '' },
] as const;

/** Gives a key a new secret. `onRotated` is called when that has been seen: asking the server for more may end the session of the secret so far, and hide it. */
export function RotateKeyDialog({ id, name, onClose, onRotated }: { id: string; name: string; onClose(): void; onRotated(): void }) {
  const [overlap, setOverlap] = useState<number>(86_400);
  const [secret, setSecret] = useState<string>();
  const { actor } = useWho();
  const group = useId();
  const sending = useSubmit(async () => {
    const { rotateApiKey } = await run(RotateKey, { input: { accountId: accountId(), uuid: id, overlapSeconds: overlap } });
    setSecret(rotateApiKey.key);
  });
  const leave = () => {
    onClose();
    onRotated();
  };
  useForgetting(() => secret !== undefined && leave());
  if (secret !== undefined) {
    return (
      <Dialog title="API key rotated" onClose={leave} actions={<Button onClick={leave}>Done</Button>}>
        <KeySecret name={name} secret={secret} />
      </Dialog>
    );
  }
  return (
    <FormDialog title={<>Rotate <bdi>{name}</bdi></>} sending={sending} problems={sending.failure?.errors.map((one) => one.message) ?? []} dirty={false} onClose={onClose}>
      <p>The key gets a new secret. Its name, user groups and limits stay.</p>
      {actor.id === id && <p>You are signed in with this key: your session ends with the secret so far. Copy the new one, to sign in with it.</p>}
      <FieldGroup label="The secret so far">
        {OVERLAPS.map(({ seconds, label, hint }) => (
          <div class="check" key={seconds}>
            <input
              type="radio" id={`${group}-${seconds}`} name={group} checked={overlap === seconds} aria-describedby={hint ? `${group}-hint` : undefined}
              data-autofocus={seconds === 86_400 ? '' : undefined} onChange={() => setOverlap(seconds)}
            />
            <label for={`${group}-${seconds}`}>{label}</label>
            {hint && <div class="hint" id={`${group}-hint`}>{hint}</div>}
          </div>
        ))}
      </FieldGroup>
    </FormDialog>
  );
}
