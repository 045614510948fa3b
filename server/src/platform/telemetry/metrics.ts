import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';

export interface MetricOptions<L extends string> {
  /** Without the common prefix: `requests_total` becomes `flyball_requests_total`. */
  name: string;
  help: string;
  labels?: readonly L[];
}

export interface GaugeOptions<L extends string> extends MetricOptions<L> {
  /** Sets the value just before it is read. */
  collect?: (gauge: Gauge<L>) => void | Promise<void>;
}

export interface Metrics {
  readonly registry: Registry;
  counter<L extends string>(options: MetricOptions<L>): Counter<L>;
  gauge<L extends string>(options: GaugeOptions<L>): Gauge<L>;
  histogram<L extends string>(options: MetricOptions<L> & { buckets?: readonly number[] }): Histogram<L>;
}

/** From one millisecond to a minute, in seconds as Prometheus wants them. */
const SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];

/** The metrics of one program, in a registry of its own: tests run several programs in one process. */
export function createMetrics(program: string): Metrics {
  const registry = new Registry();
  registry.setDefaultLabels({ program });
  collectDefaultMetrics({ register: registry });
  const common = <L extends string>({ name, help, labels = [] }: MetricOptions<L>) => ({
    name: `flyball_${name}`,
    help,
    labelNames: [...labels],
    registers: [registry],
  });
  return {
    registry,
    counter: (options) => new Counter(common(options)),
    gauge<L extends string>({ collect, ...options }: GaugeOptions<L>): Gauge<L> {
      if (!collect) return new Gauge<L>(common(options));
      const gauge: Gauge<L> = new Gauge<L>({ ...common(options), collect: () => collect(gauge) });
      return gauge;
    },
    histogram: (options) => new Histogram({ ...common(options), buckets: [...(options.buckets ?? SECONDS)] }),
  };
}
