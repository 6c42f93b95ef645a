import { Fragment, type ComponentChildren } from 'preact';
import { useKeptFocus } from '../hooks/use-kept-focus.ts';
import { Icon } from './icon.tsx';

export interface Column<T> {
  readonly key: string;
  readonly header: string;
  cell(row: T): ComponentChildren;
  /** The field of the server's order that a press on the header asks for. */
  readonly sort?: string;
  readonly kind?: 'name' | 'actions' | 'number';
}

export interface Sort {
  readonly field: string;
  readonly descending: boolean;
}

interface TableProps<T> {
  /** What the table is about, for those who hear it. */
  caption: string;
  columns: readonly Column<T>[];
  rows: readonly T[];
  rowKey(row: T): string;
  /** A row below the row, over all columns. */
  detail?(row: T): ComponentChildren;
  sort?: Sort | undefined;
  onSort?(sort: Sort): void;
  busy?: boolean;
}

/** A table, and on a narrow screen a list of cards. The roles keep it a table for assistive software when CSS makes it no longer look like one. */
export function Table<T>({ caption, columns, rows, rowKey, detail, sort, onSort, busy = false }: TableProps<T>) {
  const box = useKeptFocus<HTMLDivElement>();
  return (
    <div class="table-box" ref={box}>
      <table class="table" role="table" aria-busy={busy}>
        <caption class="visually-hidden">{caption}</caption>
        <thead role="rowgroup">
          <tr role="row">{columns.map((column) => <Header key={column.key} column={column} sort={sort} onSort={onSort} />)}</tr>
        </thead>
        <tbody role="rowgroup">
          {rows.map((row) => {
            const below = detail?.(row);
            return (
              <Fragment key={rowKey(row)}>
                <tr role="row" class={below ? 'has-detail' : undefined}>{columns.map((column) => <Cell key={column.key} column={column} row={row} />)}</tr>
                {below && <tr role="row" class="detail"><td role="cell" colSpan={columns.length}>{below}</td></tr>}
              </Fragment>
            );
          })}
        </tbody>
      </table>
    </div>
  );
}

function Cell<T>({ column, row }: { column: Column<T>; row: T }) {
  const content = column.cell(row);
  return column.kind === 'name'
    ? <th role="rowheader" scope="row" class="name">{content}</th>
    : <td role="cell" class={column.kind} data-label={column.header}>{content}</td>;
}

function Header<T>({ column, sort, onSort }: { column: Column<T>; sort: Sort | undefined; onSort: ((sort: Sort) => void) | undefined }) {
  const field = column.sort;
  if (!field || !onSort) return <th role="columnheader" scope="col" class={column.kind}>{column.header}</th>;
  const current = sort?.field === field;
  const icon = !current ? 'sort' : sort.descending ? 'sortDown' : 'sortUp';
  return (
    <th role="columnheader" scope="col" class={column.kind} aria-sort={!current ? undefined : sort.descending ? 'descending' : 'ascending'}>
      <button type="button" class="sort" onClick={() => onSort({ field, descending: current && !sort.descending })}>
        {column.header}<Icon name={icon} />
      </button>
    </th>
  );
}
