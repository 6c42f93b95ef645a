export function GroupPage(_: { id: string }) { return null; }
