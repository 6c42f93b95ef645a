import { useAllUsers } from '../hooks/use-all-users.ts';
import { number } from '../lib/format.ts';
import { PickList } from './pick-list.tsx';
import { Problem } from './problem.tsx';
import { Loading } from './states.tsx';

interface UsersFieldProps {
  /** Ids of users who are not to choose from. */
  without?: readonly string[];
  chosen: readonly string[];
  onChange(chosen: readonly string[]): void;
  error: string | undefined;
}

/** The users that a group gets. */
export function UsersField({ without = [], chosen, onChange, error }: UsersFieldProps) {
  const { users, total, failure, retry } = useAllUsers();
  if (failure) return <Problem failure={failure} onRetry={retry} />;
  if (!users) return <Loading what="users" />;
  const choices = users.filter((user) => !without.includes(user.id)).map(({ id, name, email }) => ({ id, name, note: email }));
  const hint = total > users.length ? `These are the first ${number(users.length)} of ${number(total)}, by name. Others are put into groups where they are edited themselves.` : undefined;
  return <PickList label="Users" what="user" choices={choices} chosen={chosen} onChange={onChange} error={error} hint={hint} />;
}
