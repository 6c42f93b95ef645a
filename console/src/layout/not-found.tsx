import { BASE } from '../lib/router.ts';
import { PageHead } from './page-head.tsx';

export function NotFound() {
  return (
    <>
      <PageHead title="There is no such page">The address may be mistyped, or what it showed is gone, or you may not see it.</PageHead>
      <p><a href={`${BASE}/`}>Go to the overview</a></p>
    </>
  );
}
