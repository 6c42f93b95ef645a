import { UserNamesQuery } from '../api/generated.ts';
import { useAll, type All } from '../hooks/use-all.ts';
import { PickList } from './pick-list.tsx';

interface UsersFieldProps {
  /** Users who are not to choose from. */
  without?: All<{ readonly id: string }>;
  chosen: readonly string[];
  onChange(chosen: readonly string[]): void;
  error: string | undefined;
}

/** The users that a group gets. */
export function UsersField(props: UsersFieldProps) {
  const { items, ...rest } = useAll(UserNamesQuery, (page) => page, (answer) => answer.users);
  const all = { ...rest, items: items?.map(({ id, name, email }) => ({ id, name, note: email })) };
  return <PickList {...props} label="Users" what="user" all={all} beyond="Others are put into groups where they are edited themselves." />;
}
