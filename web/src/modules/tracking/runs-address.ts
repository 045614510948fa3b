import { useState } from 'react';
import { useAddress } from '../../parts/use-address.ts';

/** What the address of the table of runs holds. */
export interface RunsAddress {
  readonly experiment?: string;
  readonly filter?: string;
  readonly stage?: 'deleted';
  /** What of the trash is shown, if not its runs. */
  readonly trash?: 'experiments' | 'purges';
  /** Ids of columns such as `metrics.loss`; absent: what most tables want. */
  readonly columns?: string[];
  /** Orders in MLflow's words, the first one weighs most. */
  readonly sort?: string[];
  readonly pages?: string[];
  readonly size?: number;
  readonly chosen?: string[];
  /** Nested runs stand among the others. */
  readonly flat?: boolean;
  /** Runs whose nested runs are shown. */
  readonly open?: string[];
  /** Runs that stay on top. */
  readonly pinned?: string[];
  /** What runs are grouped by, such as `params.depth`. */
  readonly group?: string[];
  /** How groups are ordered: `runs`, one of `group`, or a metric such as `metrics.loss`; with a minus descending. */
  readonly groupSort?: string;
  readonly groupOffset?: number;
  /** The saved view that this began with. */
  readonly view?: string;
}

/** What a saved view holds: all but the place in the list and what is selected. */
export const viewFields = [
  'experiment',
  'filter',
  'stage',
  'columns',
  'sort',
  'size',
  'flat',
  'open',
  'pinned',
  'group',
  'groupSort',
] as const satisfies readonly (keyof RunsAddress)[];

type ViewAddress = Pick<RunsAddress, (typeof viewFields)[number]>;

const lists: ReadonlySet<string> = new Set(['columns', 'sort', 'open', 'pinned', 'group']);

const fits = (field: string, value: unknown): boolean =>
  lists.has(field) ? Array.isArray(value) && value.every((one) => typeof one === 'string') : typeof value !== 'object';

/** The part of an address that a view saves; what somebody saved may be anything, so what does not fit is left out. */
export function viewPart(address: Readonly<Record<string, unknown>> | RunsAddress): ViewAddress {
  const found = address as Readonly<Record<string, unknown>>;
  const kept = viewFields.filter((field) => found[field] !== undefined && fits(field, found[field]));
  return Object.fromEntries(kept.map((field) => [field, found[field]]));
}

export const MOST_PINNED = 20;

export const PAGE_SIZE = 50;

/** With a filter nested runs are found by themselves: their parents need not fit it. */
export const isNested = ({ flat, filter }: RunsAddress): boolean => flat !== true && (filter ?? '') === '';

export const pageSizes = [25, 50, 100, 500];

export type ChangeRunsAddress = (change: { [K in keyof RunsAddress]?: RunsAddress[K] | undefined }) => void;

/** A longer list would make an address that servers refuse. */
const MOST_IN_ADDRESS = 150;

/** The runs that are selected: in the address, as long as they fit. */
export function useChosen(address: RunsAddress, set: ChangeRunsAddress) {
  const [many, setMany] = useState<readonly string[]>([]);
  const chosen = many.length > 0 ? many : (address.chosen ?? []);
  const choose = (runs: readonly string[]): void => {
    const fits = runs.length <= MOST_IN_ADDRESS;
    setMany(fits ? [] : runs);
    set({ chosen: fits && runs.length > 0 ? [...runs] : undefined });
  };
  return { chosen, choose };
}

export function useRunsAddress() {
  const [found, set] = useAddress<RunsAddress>();
  // The router reads digits as a number.
  const address: RunsAddress =
    found.experiment === undefined ? found : { ...found, experiment: String(found.experiment) };
  return [address, set] as const;
}
