"""Fills an MLflow store with what an import must keep; prints the ids."""

import json
import math
import sys

import mlflow
import pandas
from mlflow import MlflowClient
from mlflow.entities import Metric
from sklearn.linear_model import LogisticRegression

uri = sys.argv[1]
points = int(sys.argv[2])
mlflow.set_tracking_uri(uri)
mlflow.set_registry_uri(uri)
client = MlflowClient()

kept = client.create_experiment("delays", tags={"team": "Flüge ✈"})
old = client.create_experiment("old")
client.create_experiment("empty")
mlflow.set_experiment("delays")

with mlflow.start_run(run_name="parent") as parent:
    mlflow.log_params({"depth": 6, "note": "ünïcode ✓\nsecond line"})
    mlflow.set_tags({"emoji": "🛫", "empty": ""})
    for first in range(0, points, 1000):
        steps = range(first, min(first + 1000, points))
        loss = [Metric("loss", 1 / (i + 1), 1_700_000_000_000 + i, i) for i in steps]
        client.log_batch(parent.info.run_id, metrics=loss)
    odd = [1.0, math.nan, math.inf, -math.inf, 0.5]
    client.log_batch(parent.info.run_id, metrics=[Metric("odd/one", value, 5, step) for step, value in enumerate(odd)])
    rows = mlflow.data.from_pandas(pandas.DataFrame({"a": [1, 2, 3]}), name="rows", source="https://example.com/x.csv")
    mlflow.log_input(rows, context="training")
    mlflow.log_text("hello", "folder/notes é.txt")
    with mlflow.start_run(run_name="child", nested=True) as child:
        mlflow.log_metric("loss", 0.5, step=3)

with mlflow.start_run(run_name="gone") as gone:
    mlflow.log_metric("m", 1)
client.delete_run(gone.info.run_id)

in_old = client.create_run(old)
client.log_param(in_old.info.run_id, "p", "v")
client.set_terminated(in_old.info.run_id, "FAILED")
client.delete_experiment(old)

with mlflow.start_run(run_name="model") as modelled:
    model = LogisticRegression().fit([[0], [1]], [0, 1])
    for _ in range(2):
        mlflow.sklearn.log_model(model, name="model", registered_model_name="late", serialization_format="cloudpickle")
client.set_registered_model_alias("late", "champion", 2)
client.set_registered_model_tag("late", "owner", "ops")
client.set_model_version_tag("late", "1", "good", "yes ✓")
client.update_registered_model("late", description="predicts")
client.update_model_version("late", "2", description="the second")
mlflow.genai.register_prompt(name="greeting", template="Hello {{name}}")
print(json.dumps({"parent": parent.info.run_id, "child": child.info.run_id, "experiment": kept}))
