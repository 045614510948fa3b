"""What scripts written for mlflow 2 call, by a client of that time. Prints what the server should know."""

import json
import math
from pathlib import Path

import mlflow
import numpy as np
import pandas as pd
from mlflow.exceptions import MlflowException
from mlflow.models import infer_signature
from mlflow.tracking import MlflowClient
from sklearn.ensemble import RandomForestClassifier

assert mlflow.__version__.startswith("2."), mlflow.__version__
client = MlflowClient()
rows = pd.DataFrame({"x": np.linspace(0, 1, 40), "y": np.linspace(1, 0, 40)})
labels = (rows["x"] > rows["y"]).astype(int)

experiment = mlflow.set_experiment("clients/two")
mlflow.sklearn.autolog()
with mlflow.start_run(run_name="automatic") as automatic:
    RandomForestClassifier(n_estimators=3, random_state=1).fit(rows, labels)
mlflow.sklearn.autolog(disable=True)
assert client.get_run(automatic.info.run_id).data.params["n_estimators"] == "3"
assert "model" in {item.path for item in client.list_artifacts(automatic.info.run_id)}

forest = RandomForestClassifier(n_estimators=5, random_state=1).fit(rows, labels)
expected = forest.predict(rows)
with mlflow.start_run(run_name="by hand", tags={"team": "risk"}) as run:
    mlflow.log_params({"depth": 6, "empty": ""})
    for step in range(50):
        mlflow.log_metric("loss", 1 / (step + 1), step=step)
    mlflow.log_metrics({"odd": math.nan, "far": math.inf})
    mlflow.log_dict({"a": [1, 2]}, "config/settings.json")
    mlflow.log_table({"question": ["a", "b"], "answer": [1, 2]}, "table.json")
    mlflow.log_input(mlflow.data.from_pandas(rows, name="rows"), context="training")
    info = mlflow.sklearn.log_model(
        forest,
        "forest",
        signature=infer_signature(rows, expected),
        input_example=rows.head(2),
        registered_model_name="two-forest",
    )
    with mlflow.start_run(nested=True) as child:
        mlflow.log_metric("loss", 0.5)

known = mlflow.get_run(run.info.run_id)
assert known.info.status == "FINISHED" and known.data.params == {"depth": "6", "empty": ""}, known.data
assert math.isnan(known.data.metrics["odd"]) and known.data.metrics["far"] > 1e308
assert [point.step for point in client.get_metric_history(run.info.run_id, "loss")] == list(range(50))
[given] = known.inputs.dataset_inputs
assert given.dataset.name == "rows" and given.tags[0].value == "training", given
assert mlflow.artifacts.load_dict(f"runs:/{run.info.run_id}/config/settings.json") == {"a": [1, 2]}
assert len(mlflow.load_table("table.json", run_ids=[run.info.run_id])) == 2
folder = mlflow.artifacts.download_artifacts(run_id=run.info.run_id, artifact_path="forest")
assert {"MLmodel", "model.pkl"} <= {path.name for path in Path(folder).iterdir()}
found = mlflow.search_runs(filter_string="metrics.loss < 0.03 and tags.team = 'risk'", order_by=["metrics.loss ASC"])
assert list(found["run_id"]) == [run.info.run_id], found
assert client.get_run(child.info.run_id).data.tags["mlflow.parentRunId"] == run.info.run_id

version = client.get_model_version("two-forest", "1")
assert version.status == "READY" and version.run_id == run.info.run_id, version
client.set_registered_model_alias("two-forest", "champion", "1")
client.transition_model_version_stage("two-forest", "1", "Production", archive_existing_versions=True)
for address in (info.model_uri, "models:/two-forest/1", "models:/two-forest@champion", "models:/two-forest/Production"):
    assert (mlflow.pyfunc.load_model(address).predict(rows) == expected).all(), address
assert [v.version for v in client.get_latest_versions("two-forest", ["Production"])] == ["1"]
assert len(client.search_model_versions("name = 'two-forest'")) == 1


@mlflow.trace
def answer(question: str) -> str:
    with mlflow.start_span("look up", span_type="RETRIEVER") as span:
        span.set_inputs({"question": question})
        span.set_outputs(["a page"])
    return question.upper()


assert answer("why") == "WHY"
traces = client.search_traces([experiment.experiment_id])
assert len(traces) == 1 and [span.name for span in traces[0].data.spans] == ["answer", "look up"], traces
client.set_trace_tag(traces[0].info.request_id, "checked", "yes")
assert client.get_trace(traces[0].info.request_id).info.tags["checked"] == "yes"

try:
    client.get_run("0" * 32)
    raise AssertionError("it did not fail")
except MlflowException as error:
    assert error.error_code == "RESOURCE_DOES_NOT_EXIST", error
client.delete_run(child.info.run_id)
client.restore_run(child.info.run_id)
print(
    json.dumps(
        {
            "run": run.info.run_id,
            "autologged": automatic.info.run_id,
            "model": "two-forest",
            "trace": traces[0].info.request_id,
        }
    )
)
