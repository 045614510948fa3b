"""Two workspaces with the same names in them, as mlflow's users keep teams apart."""

import json
import tempfile
from pathlib import Path

import mlflow
from mlflow.exceptions import MlflowException
from mlflow.tracking import MlflowClient


def refusal(work) -> str:
    try:
        work()
    except MlflowException as error:
        return error.error_code
    raise AssertionError("it did not fail")


made = mlflow.create_workspace("team-a", description="the first")
assert (made.name, made.description) == ("team-a", "the first"), made
mlflow.create_workspace("team-b")
assert {one.name for one in mlflow.list_workspaces()} >= {"default", "team-a", "team-b"}
assert mlflow.update_workspace("team-a", description="changed").description == "changed"
assert mlflow.get_workspace("team-a").description == "changed"
assert refusal(lambda: mlflow.create_workspace("team-a")) == "RESOURCE_ALREADY_EXISTS"
assert refusal(lambda: mlflow.get_workspace("team-z")) == "RESOURCE_DOES_NOT_EXIST"

runs = {}
for workspace in ["team-a", "team-b"]:
    mlflow.set_workspace(workspace)
    with mlflow.start_run():
        mlflow.log_metric("in the default experiment", 1)
for workspace in ["team-a", "team-b"]:
    mlflow.set_workspace(workspace)
    mlflow.set_experiment("shared name")
    with mlflow.start_run() as run:
        mlflow.log_param("workspace", workspace)
        mlflow.log_text(workspace, "notes/where.txt")
    client = MlflowClient()
    client.create_registered_model("shared-model")
    client.create_model_version("shared-model", f"runs:/{run.info.run_id}/notes", run_id=run.info.run_id)
    runs[workspace] = run.info.run_id

for workspace, other in [("team-a", "team-b"), ("team-b", "team-a")]:
    mlflow.set_workspace(workspace)
    client = MlflowClient()
    found = mlflow.search_runs(experiment_names=["shared name"])
    assert list(found["run_id"]) == [runs[workspace]], found
    with tempfile.TemporaryDirectory() as folder:
        where = mlflow.artifacts.download_artifacts(f"runs:/{runs[workspace]}/notes/where.txt", dst_path=folder)
        assert Path(where).read_text() == workspace
    assert client.get_model_version("shared-model", "1").run_id == runs[workspace]
    assert refusal(lambda: client.get_run(runs[other])) == "RESOURCE_DOES_NOT_EXIST"
    assert refusal(lambda: client.log_metric(runs[other], "m", 1)) == "RESOURCE_DOES_NOT_EXIST"

mlflow.set_workspace("team-z")
assert refusal(lambda: MlflowClient().get_experiment("0")) == "RESOURCE_DOES_NOT_EXIST"
mlflow.set_workspace(None)
assert refusal(lambda: MlflowClient().get_run(runs["team-a"])) == "RESOURCE_DOES_NOT_EXIST"
assert refusal(lambda: mlflow.delete_workspace("team-a")) == "INVALID_STATE"
mlflow.create_workspace("short-lived")
mlflow.delete_workspace("short-lived")
assert "short-lived" not in {one.name for one in mlflow.list_workspaces()}

moved = {"team-m": "moved experiment", "team-n": "shared name"}
for workspace, experiment in moved.items():
    mlflow.create_workspace(workspace)
    mlflow.set_workspace(workspace)
    mlflow.set_experiment(experiment)
    with mlflow.start_run() as run:
        mlflow.log_metric("m", 1.5)
    runs[workspace] = run.info.run_id
mlflow.set_workspace(None)
mlflow.set_experiment("shared name")
mlflow.delete_workspace("team-m", mode="SET_DEFAULT")
assert MlflowClient().get_run(runs["team-m"]).data.metrics == {"m": 1.5}
assert refusal(lambda: mlflow.delete_workspace("team-n", mode="SET_DEFAULT")) == "INVALID_STATE"
mlflow.delete_workspace("team-n", mode="CASCADE")
assert {one.name for one in mlflow.list_workspaces()}.isdisjoint(moved)
mlflow.set_workspace("team-n")
assert refusal(lambda: MlflowClient().get_run(runs["team-n"])) == "RESOURCE_DOES_NOT_EXIST"
print(json.dumps({"run": runs["team-a"]}))
