"""An ordinary training script's calls to mlflow, and what it must read back. Prints what the server should know."""

import json
import math
import tempfile
from pathlib import Path

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import mlflow
import pandas as pd
from mlflow.tracking import MlflowClient
from sklearn.linear_model import LogisticRegression

client = MlflowClient()


def log_everything() -> str:
    experiment = mlflow.set_experiment("clients/tracking")
    assert mlflow.set_experiment("clients/tracking").experiment_id == experiment.experiment_id
    with mlflow.start_run(run_name="first", tags={"team": "risk"}, description="A note") as run:
        mlflow.log_param("depth", 6)
        mlflow.log_params({"lr": 0.1, "loss": "log", "empty": ""})
        mlflow.log_metric("auc", 0.81, step=1)
        for step in range(200):
            mlflow.log_metric("loss", 1 / (step + 1), step=step)
        mlflow.log_metrics({"precision": 0.5, "recall": 0.25, "odd": math.nan, "far": math.inf}, step=3)
        mlflow.set_tag("stage", "draft")
        mlflow.set_tags({"stage": "final", "owner": "ä"})
        log_artifacts()
        frame = pd.DataFrame({"x": [1.0, 2.0], "y": [0, 1]})
        mlflow.log_input(mlflow.data.from_pandas(frame, name="rows", targets="y"), context="training")
        with mlflow.start_run(run_name="child", nested=True) as child:
            mlflow.log_metric("auc", 0.7)
    read_back(run.info.run_id, child.info.run_id)
    return run.info.run_id


def log_artifacts() -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "notes é.txt")
        path.write_text("notes\n")
        mlflow.log_artifact(str(path))
        Path(folder, "deep").mkdir()
        Path(folder, "deep", "big.bin").write_bytes(bytes(range(256)) * 4096)
        mlflow.log_artifacts(folder, artifact_path="folder")
    mlflow.log_dict({"a": [1, 2]}, "config/settings.json")
    mlflow.log_text("<b>hello</b>", "page.html")
    figure, axes = plt.subplots()
    axes.plot([1, 2, 3])
    mlflow.log_figure(figure, "plots/line.png")
    mlflow.log_table({"question": ["a", "b"], "answer": [1, 2]}, "table.json")


def read_back(run_id: str, child_id: str) -> None:
    run = mlflow.get_run(run_id)
    assert run.info.status == "FINISHED" and run.info.run_name == "first", run.info
    assert run.info.end_time >= run.info.start_time > 1_600_000_000_000
    assert run.data.params == {"depth": "6", "lr": "0.1", "loss": "log", "empty": ""}, run.data.params
    assert run.data.metrics["auc"] == 0.81 and run.data.metrics["loss"] == 1 / 200
    assert math.isnan(run.data.metrics["odd"]) and run.data.metrics["far"] > 1e308
    assert run.data.tags["stage"] == "final" and run.data.tags["owner"] == "ä" and run.data.tags["team"] == "risk"
    assert run.data.tags["mlflow.note.content"] == "A note"
    [given] = run.inputs.dataset_inputs
    assert given.dataset.name == "rows" and given.tags[0].value == "training", given
    history = client.get_metric_history(run_id, "loss")
    assert [point.step for point in history] == list(range(200)) and history[9].value == 0.1
    assert client.get_run(child_id).data.tags["mlflow.parentRunId"] == run_id
    read_artifacts(run_id)


def read_artifacts(run_id: str) -> None:
    top = {item.path: item.is_dir for item in client.list_artifacts(run_id)}
    assert top["config"] and top["folder"] and top["plots"] and not top["page.html"], top
    assert not top["notes é.txt"], top
    assert [item.path for item in client.list_artifacts(run_id, "folder/deep")] == ["folder/deep/big.bin"]
    assert mlflow.artifacts.load_dict(f"runs:/{run_id}/config/settings.json") == {"a": [1, 2]}
    assert mlflow.artifacts.load_text(f"runs:/{run_id}/page.html") == "<b>hello</b>"
    folder = mlflow.artifacts.download_artifacts(run_id=run_id, artifact_path="folder")
    assert Path(folder, "deep", "big.bin").read_bytes() == bytes(range(256)) * 4096
    assert Path(folder, "notes é.txt").read_text() == "notes\n"
    figure = mlflow.artifacts.download_artifacts(run_id=run_id, artifact_path="plots/line.png")
    assert Path(figure).read_bytes().startswith(b"\x89PNG")
    assert len(mlflow.load_table("table.json", run_ids=[run_id])) == 2


def search() -> None:
    found = mlflow.search_runs(filter_string="metrics.auc > 0.8 and params.loss = 'log' and tags.team = 'risk'")
    assert list(found["tags.mlflow.runName"]) == ["first"], found
    both = mlflow.search_runs(order_by=["metrics.auc DESC"], max_results=2)
    assert list(both["metrics.auc"]) == [0.81, 0.7], both
    experiments, order = [found["experiment_id"][0]], ["attributes.start_time ASC"]
    page = client.search_runs(experiments, max_results=1, order_by=order)
    assert page.token and len(page) == 1
    rest = client.search_runs(experiments, page_token=page.token, order_by=order)
    assert {run.info.run_name for run in [*page, *rest]} == {"first", "child"}
    assert len(mlflow.search_runs(filter_string="dataset.name = 'rows'")) == 1
    names = [experiment.name for experiment in mlflow.search_experiments(filter_string="name LIKE 'clients/%'")]
    assert names == ["clients/tracking"], names


def autolog() -> str:
    mlflow.set_experiment("clients/autolog")
    mlflow.sklearn.autolog()
    with mlflow.start_run() as run:
        LogisticRegression(C=0.5).fit([[0.0], [1.0], [2.0], [3.0]], [0, 0, 1, 1])
    mlflow.sklearn.autolog(disable=True)
    data = mlflow.get_run(run.info.run_id).data
    assert data.params["C"] == "0.5" and data.metrics["training_accuracy_score"] == 1.0, data
    [model] = mlflow.search_logged_models(output_format="list")
    assert model.source_run_id == run.info.run_id and str(model.status) == "READY", model
    return run.info.run_id


def trash() -> None:
    experiment_id = client.create_experiment("clients/trash")
    run = client.create_run(experiment_id)
    client.delete_run(run.info.run_id)
    assert client.get_run(run.info.run_id).info.lifecycle_stage == "deleted"
    client.restore_run(run.info.run_id)
    client.delete_experiment(experiment_id)
    assert client.get_experiment(experiment_id).lifecycle_stage == "deleted"
    client.restore_experiment(experiment_id)
    client.rename_experiment(experiment_id, "clients/kept")
    client.set_experiment_tag(experiment_id, "a", "b")
    assert client.get_experiment_by_name("clients/kept").tags == {"a": "b"}


first = log_everything()
search()
learned = autolog()
trash()
print(json.dumps({"run": first, "autologged": learned}))
