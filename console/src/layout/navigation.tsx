import { Icon, type IconName } from '../components/icon.tsx';
import { useAbilities } from '../hooks/use-session.ts';
import { BASE, place } from '../lib/router.ts';
import { useStore } from '../lib/store.ts';

export function Navigation() {
  const may = useAbilities();
  return (
    <nav class="navigation" aria-label="Main">
      <ul>
        <Item to="/" icon="overview">Overview</Item>
      </ul>
      {(may.seeKeys || may.seeGroups || may.seeUsers) && (
        <>
          <h2 class="nav-head" id="nav-security">Security <span aria-hidden="true">›</span> Access Management</h2>
          <ul aria-labelledby="nav-security">
            {may.seeKeys && <Item to="/security/access/api-keys" icon="key">API Keys</Item>}
            {may.seeGroups && <Item to="/security/access/user-groups" icon="groups">User Groups</Item>}
            {may.seeUsers && <Item to="/security/access/users" icon="user">Users</Item>}
          </ul>
        </>
      )}
      <h2 class="nav-head" id="nav-more">Account</h2>
      <ul aria-labelledby="nav-more">
        {may.seeApplications && <Item to="/applications" icon="apps">Applications</Item>}
        {may.seeAudits && <Item to="/audit" icon="audit">Audit</Item>}
        <li><a class="nav-link" href="/explorer"><Icon name="explore" />API Explorer</a></li>
      </ul>
    </nav>
  );
}

function Item({ to, icon, children }: { to: string; icon: IconName; children: string }) {
  const { path } = useStore(place);
  const here = path === to;
  const inside = to !== '/' && path.startsWith(`${to}/`);
  return (
    <li>
      <a class="nav-link" href={BASE + to} aria-current={here ? 'page' : inside ? 'true' : undefined}><Icon name={icon} />{children}</a>
    </li>
  );
}
