import type { ComponentChildren } from 'preact';
import { useAbilities } from '../hooks/use-session.ts';
import type { Abilities } from '../lib/permissions.ts';
import { match, place } from '../lib/router.ts';
import { useStore } from '../lib/store.ts';
import { lazy } from './lazy.tsx';
import { NotFound } from './not-found.tsx';

const Overview = lazy(async () => (await import('../pages/overview/overview-page.tsx')).OverviewPage);
const Keys = lazy(async () => (await import('../pages/keys/keys-page.tsx')).KeysPage);
const Key = lazy(async () => (await import('../pages/keys/key-page.tsx')).KeyPage);
const Groups = lazy(async () => (await import('../pages/groups/groups-page.tsx')).GroupsPage);
const Group = lazy(async () => (await import('../pages/groups/group-page.tsx')).GroupPage);
const Users = lazy(async () => (await import('../pages/users/users-page.tsx')).UsersPage);
const User = lazy(async () => (await import('../pages/users/user-page.tsx')).UserPage);
const Applications = lazy(async () => (await import('../pages/applications/applications-page.tsx')).ApplicationsPage);
const Audit = lazy(async () => (await import('../pages/audit/audit-page.tsx')).AuditPage);

interface Route {
  readonly pattern: string;
  readonly may?: keyof Abilities;
  draw(parameters: Readonly<Record<string, string>>): ComponentChildren;
}

const ROUTES: readonly Route[] = [
  { pattern: '/', draw: () => <Overview /> },
  { pattern: '/security/access/api-keys', may: 'seeKeys', draw: () => <Keys /> },
  { pattern: '/security/access/api-keys/:id', may: 'seeKeys', draw: ({ id = '' }) => <Key id={id} key={id} /> },
  { pattern: '/security/access/user-groups', may: 'seeGroups', draw: () => <Groups /> },
  { pattern: '/security/access/user-groups/:id', may: 'seeGroups', draw: ({ id = '' }) => <Group id={id} key={id} /> },
  { pattern: '/security/access/users', may: 'seeUsers', draw: () => <Users /> },
  { pattern: '/security/access/users/:id', may: 'seeUsers', draw: ({ id = '' }) => <User id={id} key={id} /> },
  { pattern: '/applications', may: 'seeApplications', draw: () => <Applications /> },
  { pattern: '/audit', may: 'seeAudits', draw: () => <Audit /> },
];

export function Routes() {
  const { path } = useStore(place);
  const abilities = useAbilities();
  for (const { pattern, may, draw } of ROUTES) {
    const parameters = match(pattern, path);
    if (parameters && (!may || abilities[may])) return <>{draw(parameters)}</>;
  }
  return <NotFound />;
}
