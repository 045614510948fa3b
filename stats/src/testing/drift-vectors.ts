/** One column of a pair of samples in the drift reference vectors, with the values a reference implementation gives. */
export interface NumericColumn {
  readonly type: 'num';
  readonly n_ref: number;
  readonly n_cur: number;
  readonly ref: { readonly mean: number; readonly std_pop: number; readonly quantiles_linear: Record<string, number> };
  readonly ks: { readonly statistic: number; readonly p_auto: number; readonly p_asymp: number };
  readonly wasserstein: { readonly raw: number; readonly norm_by_ref_std_pop: number };
  readonly energy_distance: number;
  readonly t_test_equal_var: { readonly t: number; readonly p: number };
  readonly t_test_welch: { readonly t: number; readonly p: number };
  readonly mann_whitney_less: { readonly U: number; readonly p_asymptotic: number };
  readonly mann_whitney_two_sided: { readonly U: number; readonly p_asymptotic: number };
  readonly cramer_von_mises: { readonly T: number; readonly p_asymptotic: number };
  readonly anderson_ksamp: {
    readonly statistic_normalized_midrank: number;
    readonly 'p_clipped_0.001_0.25': number;
  };
  readonly epps_singleton?: { readonly W2: number; readonly p: number };
  readonly evidently_binning: {
    readonly mode: 'sturges_on_concat' | 'distinct_values';
    readonly edges: readonly number[] | null;
    readonly ref_share: readonly number[];
    readonly cur_share: readonly number[];
  };
  readonly psi: number;
  readonly kl_div: number;
  readonly jensenshannon_base_e: number;
  readonly hellinger: number;
  readonly nannyml_jensen_shannon_base2_doane: {
    readonly value: number;
    readonly edges: readonly number[];
    readonly leftover: number;
  };
  readonly 'psi_reference_deciles_eps1e-4'?: { readonly value: number; readonly inner_edges: readonly number[] };
  readonly evidently_default: { readonly stattest: string; readonly score: number };
}

/** Counts of a categorical column with the values a reference implementation gives. */
export interface CategoricalColumn {
  readonly type: 'cat';
  readonly n_ref: number;
  readonly n_cur: number;
  readonly categories: readonly string[];
  readonly ref_counts: readonly number[];
  readonly cur_counts: readonly number[];
  readonly chisquare_goodness_of_fit_ref_scaled: {
    readonly statistic: number;
    readonly df: number;
    readonly p: unknown;
  };
  readonly chi2_contingency_no_correction?: { readonly statistic: number; readonly df: number; readonly p: number };
  readonly z_test_two_proportions?: { readonly z: number; readonly p_two_sided: number };
  readonly cramers_v_uncorrected?: number;
  readonly tvd: number;
  readonly l_infinity: number;
  readonly hellinger: number;
  readonly psi: number;
  readonly kl_div: number;
  readonly jensenshannon_base_e: number;
  readonly jensenshannon_base_2: number;
}

/** A pair of samples: which rows of which file are the reference and which the current period. */
export interface VectorPair {
  readonly id: string;
  readonly file: string;
  readonly delimiter: string;
  readonly reference: string;
  readonly current: string;
  readonly columns: Readonly<Record<string, NumericColumn | CategoricalColumn>>;
}

type Row = Readonly<Record<string, string>>;

/** The rule of a pair ("yr == 0", "row index [a,b)", "dteday in [from,to]") as a predicate. */
function selector(rule: string): (row: Row, index: number) => boolean {
  const index = /^row index \[(\d+),(\d+)\)$/.exec(rule);
  if (index !== null) return (_, i) => i >= Number(index[1]) && i < Number(index[2]);
  const range = /^(\w+) in \[([^,]+),([^\]]+)\]$/.exec(rule);
  if (range !== null) return (row) => row[range[1]!]! >= range[2]! && row[range[1]!]! <= range[3]!;
  const equal = /^(\w+) == (\w+)$/.exec(rule);
  if (equal !== null) return (row) => row[equal[1]!] === equal[2];
  throw new Error(`unknown rule "${rule}"`);
}

/**
 * The rows a rule selects from a delimited text.
 *
 * @param text whole file; the first line names the columns
 * @param delimiter one character
 * @param rule which rows
 * @returns cells as text, by column name
 * @example
 * selectRows('a,b\n1,2', ',', 'a == 1'); // [{ a: '1', b: '2' }]
 */
export function selectRows(text: string, delimiter: string, rule: string): Row[] {
  const [header, ...lines] = text.trim().split(/\r?\n/);
  const clean = (cell: string) => cell.replace(/^"|"$/g, '');
  const names = header!.split(delimiter).map(clean);
  const keep = selector(rule);
  return lines
    .map((line): Row => {
      const cells = line.split(delimiter);
      return Object.fromEntries(names.map((name, i) => [name, clean(cells[i]!)]));
    })
    .filter(keep);
}
