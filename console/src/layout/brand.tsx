import { Icon } from '../components/icon.tsx';

export function Brand() {
  return (
    <span class="brand">
      <span class="brand-mark"><Icon name="key" /></span>
      Latchkey
    </span>
  );
}
