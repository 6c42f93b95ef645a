import { useMemo, useRef, useState } from 'preact/hooks';
import type { Operation, UsageParts } from '../api/generated.ts';
import { useQuery } from '../hooks/use-query.ts';
import { serverNow } from '../lib/clock.ts';
import { join, SPANS, type Span } from '../lib/outcomes.ts';
import { Chart } from './chart.tsx';
import { Empty, Loaded } from './states.tsx';

export interface UsageRange {
  readonly from: number;
  readonly to: number;
  readonly interval: 'HOUR' | 'DAY';
}

interface UsagePanelProps<R, V> {
  title: string;
  /** Asks for the buckets of a range. */
  operation: Operation<R, V>;
  variables(range: UsageRange): V;
  pick(answer: R): readonly UsageParts[];
}

/** Verifications by outcome, over a span that the reader chooses. */
export function UsagePanel<R, V>({ title, operation, variables, pick }: UsagePanelProps<R, V>) {
  const [span, setSpan] = useState<Span>(SPANS[0] as Span);
  const range = useMemo(() => rangeOf(span, serverNow()), [span]);
  const query = useQuery(operation, variables(range));
  const answered = useRef(span); // the span that there are numbers of: those of one never stand under the name of another
  if (!query.loading && !query.failure) answered.current = span;
  return (
    <section class="panel" aria-labelledby="usage-title">
      <div class="panel-head">
        <h2 id="usage-title">{title}</h2>
        <div class="segments" role="group" aria-label="Span of time">
          {SPANS.map((one) => <button key={one.key} type="button" aria-pressed={one === span} onClick={() => setSpan(one)}>{one.label}</button>)}
        </div>
      </div>
      <Loaded query={query} what="usage">
        {(answer) => (
          <div class="usage" aria-busy={query.loading}>
            {!query.failure && <Usage buckets={pick(answer)} span={answered.current} title={title} />}
          </div>
        )}
      </Loaded>
    </section>
  );
}

function Usage({ buckets, span, title }: { buckets: readonly UsageParts[]; span: Span; title: string }) {
  if (!buckets.some((bucket) => bucket.total > 0)) return <Empty>Nothing was verified in these {span.label}.</Empty>;
  return <Chart buckets={span.key === '7d' ? join(buckets, 6) : buckets} label={`${title}, ${span.label}`} hourly={span.interval === 'HOUR'} />;
}

function rangeOf(span: Span, now: number): UsageRange {
  const size = span.interval === 'HOUR' ? 3_600_000 : 86_400_000;
  const to = Math.ceil(now / size) * size;
  return { from: to - span.ms, to, interval: span.interval };
}
