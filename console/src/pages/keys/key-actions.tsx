import type { ComponentChildren } from 'preact';
import { useCallback, useState } from 'preact/hooks';
import { accountId, run } from '../../api/client.ts';
import { DeleteKey, KeySettingsQuery, RevealKey, UpdateKey, type KeyRow, type PermissionsParts } from '../../api/generated.ts';
import { announce, announceFailure } from '../../components/announcer.tsx';
import { IconButton } from '../../components/button.tsx';
import { Confirm } from '../../components/confirm.tsx';
import { CopyButton } from '../../components/copy.tsx';
import { useForgetting } from '../../hooks/use-forgetting.ts';
import { useWho } from '../../hooks/use-session.ts';
import { lacking } from '../../lib/grant-rule.ts';
import { EditKeyDialog } from './edit-key-dialog.tsx';
import { RotateKeyDialog } from './rotate-key-dialog.tsx';

interface Open {
  readonly what: 'edit' | 'rotate' | 'disable' | 'delete';
  readonly row: KeyRow;
  /** It holds more than the reader does. */
  readonly stronger?: boolean;
}

export interface KeyActions {
  /** The buttons of one key; `describedBy` is the id of its name on the page, `holds` all that its user groups give it. */
  buttons(row: KeyRow, describedBy: string, holds: readonly PermissionsParts[]): ComponentChildren;
  /** Whatever dialog is open. */
  readonly dialogs: ComponentChildren;
  /** The secret of a key that was revealed. */
  secretOf(id: string): string | undefined;
}

async function reveal(id: string): Promise<string> {
  const { revealApiKey } = await run(RevealKey, { input: { accountId: accountId(), uuid: id } });
  return revealApiKey.key;
}

/** What can be done with a key that exists. `onChanged` is called after each change, `onDeleted` after the key is gone. */
export function useKeyActions(onChanged: () => void, onDeleted: () => void): KeyActions {
  const { actor, viewer } = useWho();
  const [open, setOpen] = useState<Open>();
  const [secrets, setSecrets] = useState<ReadonlyMap<string, string>>(new Map());
  const [busy, setBusy] = useState<readonly string[]>([]);
  const close = useCallback(() => setOpen(undefined), []);
  useForgetting(() => setSecrets(new Map()));

  const show = (id: string, secret: string | undefined) => setSecrets((last) => {
    const next = new Map(last);
    if (secret === undefined) next.delete(id);
    else next.set(id, secret);
    return next;
  });
  const attempt = (row: KeyRow, action: () => Promise<void>) => {
    setBusy((last) => [...last, row.id]);
    action().catch((thrown: unknown) => announceFailure(thrown)).finally(() => setBusy((last) => last.filter((one) => one !== row.id)));
  };
  const toggleSecret = (row: KeyRow) => {
    if (secrets.has(row.id)) show(row.id, undefined);
    else attempt(row, async () => show(row.id, await reveal(row.id)));
  };
  const setEnabled = async (row: KeyRow, enabled: boolean) => {
    const { name } = (await run(KeySettingsQuery, { id: row.id })).apiKey; // the API takes no change without the name, and the row's may be old
    await run(UpdateKey, { input: { accountId: accountId(), uuid: row.id, name, enabled } });
    announce(<><bdi>{name}</bdi> is {enabled ? 'enabled' : 'disabled'}.</>);
    onChanged();
  };

  const buttons = (row: KeyRow, describedBy: string, holds: readonly PermissionsParts[]) => {
    const shared = { describedBy, busy: busy.includes(row.id) };
    const lack = lacking(viewer.permissions, holds);
    const refusal = lack === undefined ? undefined : `This key holds more than you do: ${lack}.`;
    /** For what hands out the key, or life to it. */
    const handsOut = (onClick: () => void) => (
      refusal === undefined ? { ...shared, onClick } : { ...shared, describedBy: `${describedBy} ${describedBy}-more`, refusal, onClick: () => announce(refusal, 'wrong') }
    );
    return (
      <div class="row-actions">
        {refusal !== undefined && <span id={`${describedBy}-more`} hidden>{refusal}</span>}
        {secrets.has(row.id)
          ? <IconButton {...shared} label="Hide key" icon="hide" onClick={() => toggleSecret(row)} />
          : <IconButton {...handsOut(() => toggleSecret(row))} label="Reveal key" icon="eye" />}
        <CopyButton
          label="Copy key" describedBy={refusal === undefined ? describedBy : `${describedBy} ${describedBy}-more`} refusal={refusal} done={<>The key <bdi>{row.name}</bdi> is copied.</>} get={async () => secrets.get(row.id) ?? reveal(row.id)}
          onForbidden={(secret) => show(row.id, secret)}
        />
        <IconButton {...shared} label="Edit" icon="edit" onClick={() => setOpen({ what: 'edit', row })} />
        <IconButton {...handsOut(() => setOpen({ what: 'rotate', row }))} label="Rotate" icon="rotate" />
        {row.enabled
          ? <IconButton {...shared} label="Disable" icon="disable" onClick={() => setOpen({ what: 'disable', row, stronger: refusal !== undefined })} />
          : <IconButton {...handsOut(() => attempt(row, () => setEnabled(row, true)))} label="Enable" icon="enable" />}
        <IconButton {...shared} label="Delete" icon="trash" kind="danger" onClick={() => setOpen({ what: 'delete', row })} />
      </div>
    );
  };

  const remove = async (row: KeyRow) => {
    await run(DeleteKey, { input: { accountId: accountId(), uuid: row.id } });
    announce(<><bdi>{row.name}</bdi> is deleted.</>);
    close();
    onDeleted();
  };
  const rotated = (row: KeyRow) => {
    show(row.id, undefined);
    onChanged();
  };
  const ending = open?.row.id === actor.id && <p>You are signed in with this key: your session ends too.</p>;
  return {
    buttons,
    secretOf: (id) => secrets.get(id),
    dialogs: open && (
      <>
        {open.what === 'edit' && <EditKeyDialog id={open.row.id} onClose={close} onSaved={onChanged} />}
        {open.what === 'rotate' && <RotateKeyDialog id={open.row.id} name={open.row.name} onClose={close} onRotated={() => rotated(open.row)} />}
        {open.what === 'disable' && (
          <Confirm title={<>Disable <bdi>{open.row.name}</bdi>?</>} verb="Disable" onClose={close} onConfirm={async () => { await setEnabled(open.row, false); close(); }}>
            <p>Requests with the key <strong><bdi>{open.row.name}</bdi></strong> are refused from now on, until it is enabled again.</p>
            {open.stronger && <p>It holds more than you do: you cannot enable it again yourself.</p>}
            {ending}
          </Confirm>
        )}
        {open.what === 'delete' && (
          <Confirm title={<>Delete <bdi>{open.row.name}</bdi>?</>} verb="Delete" danger removes onGone={onDeleted} onClose={close} onConfirm={() => remove(open.row)}>
            <p>Requests with the key <strong><bdi>{open.row.name}</bdi></strong> are refused from now on. This cannot be undone.</p>
            {ending}
          </Confirm>
        )}
      </>
    ),
  };
}
