import { useAllGroups } from '../hooks/use-all-groups.ts';
import { PickList } from './pick-list.tsx';
import { Problem } from './problem.tsx';
import { Loading } from './states.tsx';

interface GroupsFieldProps {
  chosen: readonly string[];
  onChange(chosen: readonly string[]): void;
  error: string | undefined;
  hint: string;
}

/** The user groups that a key or a user is in. */
export function GroupsField({ chosen, onChange, error, hint }: GroupsFieldProps) {
  const { groups, total, failure, retry } = useAllGroups();
  if (failure) return <Problem failure={failure} onRetry={retry} />;
  if (!groups) return <Loading what="user groups" />;
  return (
    <PickList
      label="User Groups" what="user group" choices={groups} chosen={chosen} onChange={onChange} error={error}
      hint={total > groups.length ? `${hint} These are the first ${groups.length} of ${total}.` : hint}
    />
  );
}
