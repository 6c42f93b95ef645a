import { GroupNamesQuery } from '../api/generated.ts';
import { useAll } from '../hooks/use-all.ts';
import { PickList } from './pick-list.tsx';

interface GroupsFieldProps {
  chosen: readonly string[];
  onChange(chosen: readonly string[]): void;
  error: string | undefined;
  hint: string;
}

/** The user groups that a key or a user is in. */
export function GroupsField(props: GroupsFieldProps) {
  const all = useAll(GroupNamesQuery, (page) => page, (answer) => answer.userGroups);
  return <PickList {...props} label="User Groups" what="user group" all={all} />;
}
