import { useState } from 'preact/hooks';
import { run } from '../../api/client.ts';
import { ApplicationsQuery, DeleteApplicationMutation, type ApplicationsQueryAnswer } from '../../api/generated.ts';
import { announce } from '../../components/announcer.tsx';
import { Button, IconButton } from '../../components/button.tsx';
import { Confirm } from '../../components/confirm.tsx';
import { Pager } from '../../components/pager.tsx';
import { Empty, Loaded } from '../../components/states.tsx';
import { Table, type Column } from '../../components/table.tsx';
import { Time } from '../../components/time.tsx';
import { usePageQuery } from '../../hooks/use-page-query.ts';
import { usePages } from '../../hooks/use-pages.ts';
import { useQuery } from '../../hooks/use-query.ts';
import { useAbilities } from '../../hooks/use-session.ts';
import { PageHead } from '../../layout/page-head.tsx';
import { pageOf } from '../../lib/page-query.ts';
import { ApplicationForm } from './application-form.tsx';

const SIZE = 50;
type Application = ApplicationsQueryAnswer['applications']['nodes'][number];
type Open = { readonly what: 'add' } | { readonly what: 'edit' | 'delete'; readonly application: Application };

export function ApplicationsPage() {
  const may = useAbilities();
  const [open, setOpen] = useState<Open>();
  const [query] = usePageQuery();
  const applications = useQuery(ApplicationsQuery, { limit: SIZE, offset: (pageOf(query) - 1) * SIZE });
  const pages = usePages(SIZE, applications, (data) => data.applications.pageInfo.total);
  const close = () => setOpen(undefined);
  const remove = async ({ id, name }: Application) => {
    await run(DeleteApplicationMutation, { input: { applicationId: id } });
    announce(<><bdi>{name}</bdi> is deleted.</>);
    close();
    applications.reload();
  };
  const add = may.manageApplications && <Button kind="primary" icon="add" onClick={() => setOpen({ what: 'add' })}>Add Application</Button>;
  return (
    <>
      <PageHead title="Applications" actions={add}>What the application permissions of user groups are about.</PageHead>
      <Loaded query={applications} what="applications">
        {({ applications: { nodes, pageInfo } }) => nodes.length === 0 ? <Empty>There is no application yet.</Empty> : (
          <>
            <Table caption="Applications" columns={columns(may.manageApplications, setOpen)} rows={nodes} rowKey={(one) => one.id} busy={applications.loading} />
            <Pager {...pages} total={pageInfo.total} what="applications" />
          </>
        )}
      </Loaded>
      {open?.what === 'add' && <ApplicationForm onClose={close} onSaved={applications.reload} />}
      {open?.what === 'edit' && <ApplicationForm application={open.application} onClose={close} onSaved={applications.reload} />}
      {open?.what === 'delete' && (
        <Confirm title={<>Delete <bdi>{open.application.name}</bdi>?</>} verb="Delete" danger removes onGone={applications.reload} onClose={close} onConfirm={() => remove(open.application)}>
          <p><strong><bdi>{open.application.name}</bdi></strong> is taken out of all permissions of all user groups. This cannot be undone.</p>
        </Confirm>
      )}
    </>
  );
}

function columns(manage: boolean, setOpen: (open: Open) => void): readonly Column<Application>[] {
  const nameId = (one: Application) => `application-${one.id}`;
  const all: readonly (Column<Application> | false)[] = [
    { key: 'name', header: 'Name', kind: 'name', cell: (one) => <bdi id={nameId(one)}>{one.name}</bdi> },
    { key: 'description', header: 'Description', cell: (one) => (one.description ? <bdi>{one.description}</bdi> : <span class="muted">—</span>) },
    { key: 'id', header: 'Id', cell: (one) => <code>{one.id}</code> },
    { key: 'created', header: 'Created', cell: (one) => <Time at={one.createdAt} /> },
    manage && {
      key: 'actions', header: 'Actions', kind: 'actions',
      cell: (application) => (
        <div class="row-actions">
          <IconButton label="Edit" icon="edit" describedBy={nameId(application)} onClick={() => setOpen({ what: 'edit', application })} />
          <IconButton label="Delete" icon="trash" kind="danger" describedBy={nameId(application)} onClick={() => setOpen({ what: 'delete', application })} />
        </div>
      ),
    },
  ];
  return all.filter((one) => one !== false);
}
