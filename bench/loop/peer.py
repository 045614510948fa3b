"""One measurement of a Python tool on what bench/loop.ts measures: task and argument are given, the last line is JSON."""

import json
import resource
import sys
import time
from importlib.metadata import version

import pandas


def check_contract(argument):
    """The contract in Great Expectations, on a pandas data frame, as its documentation shows."""
    import great_expectations as gx
    import great_expectations.expectations as gxe

    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False}
    source = context.data_sources.add_pandas("flights")
    batch = source.add_dataframe_asset("flights").add_batch_definition_whole_dataframe("all")
    suite = gx.ExpectationSuite(name="contract")
    for kind, arguments in argument["expectations"]:
        suite.add_expectation(getattr(gxe, kind)(**arguments))

    def work():
        frame = pandas.read_parquet(argument["file"])
        return batch.get_batch({"dataframe": frame}).validate(suite)

    return work


def join_windows(argument):
    """Trailing windows of known outcomes with pandas: running sums per key, and merge_asof at both ends of a window."""

    def features(flights, asked, key, windows):
        events = flights[[key, "landed_at", "late"]].sort_values("landed_at", kind="stable")
        grouped = events.groupby(key)["late"]
        events["n"], events["s"] = grouped.cumcount() + 1, grouped.cumsum()
        events = events.drop(columns="late").drop_duplicates([key, "landed_at"], keep="last")
        newest = pandas.merge_asof(asked, events, left_on="date", right_on="landed_at", by=key)
        for name, hours, measure in windows:
            moments = (asked["date"] - pandas.Timedelta(hours=hours)).astype(asked["date"].dtype)
            begin = asked.assign(begin=moments)
            before = pandas.merge_asof(begin, events, left_on="begin", right_on="landed_at", by=key)
            count = newest["n"].fillna(0) - before["n"].fillna(0)
            late = newest["s"].fillna(0) - before["s"].fillna(0)
            asked[name] = count if measure == "count" else late / count.where(count > 0)

    def work():
        flights = pandas.read_parquet(argument["file"])
        flights["late"] = flights["delay"] > 15
        asked = flights[["date", "distance", "origin", "destination", "late"]].sort_values("date", kind="stable")
        asked = asked.reset_index(drop=True)
        origin = [("origin_late_3h", 3, "share"), ("origin_late_24h", 24, "share"), ("origin_landed_3h", 3, "count")]
        features(flights, asked, "origin", origin)
        features(flights, asked, "destination", [("to_late_3h", 3, "share"), ("to_late_24h", 24, "share")])
        asked.drop(columns=["origin", "destination"]).to_parquet(argument["output"], compression="zstd")

    return work


def measure_drift(argument):
    """Evidently's drift of columns with the same statistics, reading both Parquet files."""
    from evidently import Dataset, DataDefinition, Report
    from evidently.metrics import ValueDrift

    columns = [*argument["psi"], *argument["ks"]]
    metrics = [ValueDrift(column=name, method="psi") for name in argument["psi"]]
    metrics += [ValueDrift(column=name, method="ks") for name in argument["ks"]]
    definition = DataDefinition(numerical_columns=columns)

    def read(file):
        return Dataset.from_pandas(pandas.read_parquet(file, columns=columns), data_definition=definition)

    def work():
        result = Report(metrics).run(read(argument["current"]), read(argument["reference"]))
        return result.dict()

    return work


TASKS = {"contract": check_contract, "windows": join_windows, "drift": measure_drift}


def main(task, argument):
    if task == "versions":
        names = ["great_expectations", "evidently", "pandas", "pyarrow"]
        return {"python": sys.version.split()[0], **{name: version(name) for name in names}}
    work = TASKS[task](argument)
    started = time.perf_counter()
    work()
    seconds = time.perf_counter() - started
    return {"seconds": seconds, "peakMemoryMb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}


print(json.dumps(main(sys.argv[1], json.loads(sys.argv[2]))))
