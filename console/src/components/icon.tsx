// Drawn for this console on a grid of 16, with lines of 1.5.
const PATHS = {
  add: 'M8 3v10M3 8h10',
  alert: 'M8 2 14.5 13.5h-13zM8 6.5v3M8 11.4v.1',
  apps: 'M2.5 2.5h4v4h-4zM9.5 2.5h4v4h-4zM2.5 9.5h4v4h-4zM9.5 9.5h4v4h-4z',
  audit: 'M3.5 1.8h9v12.4h-9zM6 5h4M6 8h4M6 11h2.5',
  back: 'M10 3 5 8l5 5',
  close: 'm4 4 8 8M12 4l-8 8',
  copy: 'M5.5 5.5h8v8h-8zM10.5 5.2V2.5h-8v8h2.7',
  down: 'm4 6 4 4 4-4',
  edit: 'm2.5 13.5.7-3L10.5 3.2l2.3 2.3-7.3 7.3zM9 4.7 11.3 7',
  enable: 'M8 2v6M4.7 4.2a5 5 0 1 0 6.6 0',
  explore: 'm5.5 4.5-3.5 3.5 3.5 3.5M10.5 4.5 14 8l-3.5 3.5',
  disable: 'M8 2.3a5.7 5.7 0 1 0 0 11.4A5.7 5.7 0 0 0 8 2.3zM4 4l8 8',
  eye: 'M1.5 8C3 5.2 5.2 3.8 8 3.8S13 5.2 14.5 8C13 10.8 10.8 12.2 8 12.2S3 10.8 1.5 8zM8 6.2a1.8 1.8 0 1 0 0 3.6 1.8 1.8 0 0 0 0-3.6z',
  hide: 'M1.5 8C3 5.2 5.2 3.8 8 3.8S13 5.2 14.5 8C13 10.8 10.8 12.2 8 12.2S3 10.8 1.5 8zM3 13 13 3',
  first: 'M11.5 3 6.5 8l5 5M4 3v10',
  forward: 'm6 3 5 5-5 5',
  groups: 'M6 2.8a2.4 2.4 0 1 0 0 4.8 2.4 2.4 0 0 0 0-4.8zM1.5 13.2c0-2.5 1.8-4 4.5-4s4.5 1.5 4.5 4M10.5 3.1a2.2 2.2 0 0 1 0 4.2M12.2 9.6c1.5.6 2.3 1.9 2.3 3.6',
  key: 'M10.2 2a3.8 3.8 0 0 0-3.6 5L2 11.6V14h2.6v-1.7h1.7v-1.7h1.5l1-1a3.8 3.8 0 1 0 1.4-7.6zM11.2 4.8v.1',
  last: 'm4.5 3 5 5-5 5M12 3v10',
  lock: 'M3.5 7.2h9v6.3h-9zM5.2 7V5a2.8 2.8 0 0 1 5.6 0v2',
  menu: 'M2 4h12M2 8h12M2 12h12',
  overview: 'M2 13.5h12M4 11V7.5M8 11V3M12 11V5.5',
  rotate: 'M13.2 8A5.2 5.2 0 0 1 3.6 10.8M2.8 8a5.2 5.2 0 0 1 9.6-2.8M12.6 2v3.3H9.3M3.4 14v-3.3h3.3',
  search: 'M7 2.5a4.5 4.5 0 1 0 0 9 4.5 4.5 0 0 0 0-9zM10.3 10.3 14 14',
  signOut: 'M6 2.5H2.5v11H6M6.5 8H14M11 5l3 3-3 3',
  sort: 'm5 6 3-3 3 3M5 10l3 3 3-3',
  sortDown: 'm4 6 4 4 4-4',
  sortUp: 'm4 10 4-4 4 4',
  trash: 'M2.5 4h11M6 4V2.3h4V4M4 4l.6 9.7h6.8L12 4M6.7 6.5v4.7M9.3 6.5v4.7',
  user: 'M8 2.3a2.9 2.9 0 1 0 0 5.8 2.9 2.9 0 0 0 0-5.8zM2.5 13.7c0-2.7 2.2-4.2 5.5-4.2s5.5 1.5 5.5 4.2',
} as const;

export type IconName = keyof typeof PATHS;

/** A picture beside or instead of words; what it means is said by the words of its button or link. */
export function Icon({ name }: { name: IconName }) {
  return (
    <svg class="icon" viewBox="0 0 16 16" aria-hidden="true" focusable="false">
      <path d={PATHS[name]} />
    </svg>
  );
}
