import { useId } from 'preact/hooks';
import type { UsageParts } from '../api/generated.ts';
import { number } from '../lib/format.ts';
import { LOCALE } from '../lib/locale.ts';
import { OUTCOMES, scaleTop, totals } from '../lib/outcomes.ts';

const WIDTH = 720;
const HEIGHT = 214;
// Room for the texts at the size that they have on a narrow screen, see content.css.
const LEFT = 66;
const BOTTOM = 26;
const TOP = 18;
const TIME_WIDTH = 84;

/** Bars of verifications over time, one part for each outcome; the same as a table below it. */
export function Chart({ buckets, label, hourly }: { buckets: readonly UsageParts[]; label: string; hourly: boolean }) {
  const title = useId();
  const top = scaleTop(Math.max(0, ...buckets.map((bucket) => bucket.total)));
  const plot = HEIGHT - BOTTOM - TOP;
  const step = (WIDTH - LEFT) / Math.max(1, buckets.length);
  const every = Math.max(1, Math.ceil(buckets.length / 6));
  const sums = totals(buckets);
  return (
    <figure class="chart">
      <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} role="img" aria-labelledby={title}>
        <title id={title}>{`${label}: ${number(sums.total)} in all. ${OUTCOMES.filter((one) => sums[one.field] > 0).map((one) => `${one.name} ${number(sums[one.field])}`).join(', ')}`}</title>
        {[0, 0.5, 1].map((share) => (
          <g key={share} class="chart-grid">
            <line x1={LEFT} x2={WIDTH} y1={TOP + plot * (1 - share)} y2={TOP + plot * (1 - share)} />
            <text x={LEFT - 6} y={TOP + plot * (1 - share) + 4} text-anchor="end">{compact(top * share)}</text>
          </g>
        ))}
        {buckets.map((bucket, index) => <Bar key={bucket.start} bucket={bucket} x={LEFT + index * step} step={step} plot={plot} top={top} hourly={hourly} />)}
        {buckets.map((bucket, index) => index % every === 0 && LEFT + index * step <= WIDTH - TIME_WIDTH && (
          <text key={bucket.start} x={LEFT + index * step} y={HEIGHT - 6}>{shortTime(bucket.start, hourly, hourly && buckets.length <= 24)}</text>
        ))}
      </svg>
      <figcaption class="legend">
        {OUTCOMES.filter((one) => one.field === 'valid' || sums[one.field] > 0).map((one) => (
          <span key={one.field}><svg class="swatch" viewBox="0 0 10 10" aria-hidden="true"><rect class={`bar ${one.field}`} width="10" height="10" rx="2" /></svg>{one.name} <b>{number(sums[one.field])}</b></span>
        ))}
      </figcaption>
      <details class="more">
        <summary>Show as a table</summary>
        <ChartTable buckets={buckets} label={label} hourly={hourly} />
      </details>
    </figure>
  );
}

function Bar({ bucket, x, step, plot, top, hourly }: { bucket: UsageParts; x: number; step: number; plot: number; top: number; hourly: boolean }) {
  const width = Math.max(1, Math.min(step - 1, 28));
  let base = TOP + plot;
  const parts = OUTCOMES.map(({ field }) => {
    const height = (bucket[field] / top) * plot;
    base -= height;
    return height > 0 && <rect key={field} class={`bar ${field}`} x={x + (step - width) / 2} y={base} width={width} height={height} />;
  });
  const lines = OUTCOMES.filter(({ field }) => bucket[field] > 0).map(({ field, name }) => `${name}: ${number(bucket[field])}`);
  return (
    <g>
      <rect class="bar-hover" x={x} y={TOP} width={step} height={plot}><title>{[fullTime(bucket.start, hourly), ...lines].join('\n')}</title></rect>
      {parts}
    </g>
  );
}

function ChartTable({ buckets, label, hourly }: { buckets: readonly UsageParts[]; label: string; hourly: boolean }) {
  return (
    <div class="chart-table" role="region" aria-label={`${label}, as a table`} tabIndex={0}>
      <table>
        <thead><tr><th scope="col">From</th><th scope="col">All</th>{OUTCOMES.map((one) => <th key={one.field} scope="col">{one.name}</th>)}</tr></thead>
        <tbody>
          {buckets.map((bucket) => (
            <tr key={bucket.start}>
              <th scope="row"><time dateTime={new Date(bucket.start).toISOString()}>{fullTime(bucket.start, hourly)}</time></th>
              <td>{number(bucket.total)}</td>
              {OUTCOMES.map((one) => <td key={one.field}>{number(bucket[one.field])}</td>)}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function compact(value: number): string {
  return new Intl.NumberFormat(LOCALE, { notation: 'compact' }).format(value);
}

/** The start of a bucket, for the axis: its day, or its time of day where there is no more than a day of them. */
function shortTime(ms: number, hourly: boolean, ofDay: boolean): string {
  return new Intl.DateTimeFormat(LOCALE, ofDay ? { hour: '2-digit', minute: '2-digit' } : { month: 'short', day: 'numeric', ...zone(hourly) }).format(ms);
}

function fullTime(ms: number, hourly: boolean): string {
  return new Intl.DateTimeFormat(LOCALE, { dateStyle: 'medium', ...(hourly ? { timeStyle: 'short' } : {}), ...zone(hourly) }).format(ms);
}

/** A bucket of a day begins at 00:00 UTC, whatever the reader's zone, and is named by that day. */
function zone(hourly: boolean): { timeZone?: 'UTC' } {
  return hourly ? {} : { timeZone: 'UTC' };
}
