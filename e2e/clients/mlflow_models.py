"""Models from logging to serving as mlflow's users do it: log, register, alias, load by every kind of address, predict."""

import json

import mlflow
import numpy as np
import pandas as pd
from mlflow.exceptions import MlflowException
from mlflow.models import infer_signature
from mlflow.tracking import MlflowClient
from sklearn.ensemble import RandomForestClassifier

client = MlflowClient()
rows = pd.DataFrame({"x": np.linspace(0, 1, 40), "y": np.linspace(1, 0, 40)})
labels = (rows["x"] > rows["y"]).astype(int)


def fails(code: str, work) -> MlflowException:
    try:
        work()
    except MlflowException as error:
        assert error.error_code == code, error
        return error
    raise AssertionError("it did not fail")


mlflow.set_experiment("clients/models")
forest = RandomForestClassifier(n_estimators=5, random_state=1).fit(rows, labels)
expected = forest.predict(rows)
with mlflow.start_run() as run:
    info = mlflow.sklearn.log_model(
        forest,
        name="forest",
        signature=infer_signature(rows, expected),
        input_example=rows.head(3),
        registered_model_name="clients-forest",
        serialization_format="cloudpickle",
        params={"trees": 5},
    )
    mlflow.log_metric("accuracy", 0.9, model_id=info.model_id)

version = client.get_model_version("clients-forest", "1")
assert version.status == "READY" and version.run_id == run.info.run_id, version
second = mlflow.register_model(f"models:/{info.model_id}", "clients-forest", tags={"from": "model"})
assert second.version in (2, "2"), second

client.set_registered_model_alias("clients-forest", "best", "1")
assert client.get_model_version_by_alias("clients-forest", "best").version in (1, "1")
addresses = [
    info.model_uri,
    f"runs:/{run.info.run_id}/forest",
    "models:/clients-forest/2",
    "models:/clients-forest@best",
    "models:/clients-forest/latest",
]
for address in addresses:
    model = mlflow.pyfunc.load_model(address)
    assert (model.predict(rows) == expected).all(), address
    assert model.metadata.signature is not None
assert (mlflow.sklearn.load_model(addresses[3]).predict_proba(rows) == forest.predict_proba(rows)).all()

logged = mlflow.get_logged_model(info.model_id)
assert logged.params == {"trees": "5"} and [metric.value for metric in logged.metrics] == [0.9], logged
found = mlflow.search_logged_models(filter_string="metrics.accuracy > 0.8", output_format="list")
assert [model.model_id for model in found] == [info.model_id], found
mlflow.set_logged_model_tags(info.model_id, {"checked": "yes"})
assert mlflow.get_logged_model(info.model_id).tags["checked"] == "yes"
assert [output.model_id for output in client.get_run(run.info.run_id).outputs.model_outputs] == [info.model_id]

client.update_registered_model("clients-forest", "A forest")
client.update_model_version("clients-forest", "1", "The first")
client.set_registered_model_tag("clients-forest", "area", "risk")
client.set_model_version_tag("clients-forest", "1", "ok", "yes")
client.transition_model_version_stage("clients-forest", "2", "Production", archive_existing_versions=True)
registered = client.get_registered_model("clients-forest")
assert registered.description == "A forest" and registered.tags == {"area": "risk"}, registered
assert registered.aliases == {"best": "1"} and {v.current_stage for v in registered.latest_versions} == {
    "None",
    "Production",
}
assert [m.name for m in client.search_registered_models("name LIKE 'clients-%'")] == ["clients-forest"]
assert len(client.search_model_versions("name = 'clients-forest'")) == 2
assert client.get_model_version_download_uri("clients-forest", "2") == logged.artifact_location
client.delete_registered_model_alias("clients-forest", "best")
client.rename_registered_model("clients-forest", "clients-wood")

prompt = mlflow.genai.register_prompt("clients-prompt", template="Say {{word}}", commit_message="first")
assert prompt.version == 1 and mlflow.genai.load_prompt("prompts:/clients-prompt/1").format(word="yes") == "Say yes"
assert [m.name for m in client.search_registered_models()] == ["clients-wood"]

with mlflow.start_run() as other:
    mlflow.log_param("p", 1)
    fails("INVALID_PARAMETER_VALUE", lambda: client.log_param(other.info.run_id, "p", 2))
fails("RESOURCE_DOES_NOT_EXIST", lambda: client.get_run("0" * 32))
fails("RESOURCE_DOES_NOT_EXIST", lambda: client.get_registered_model("nothing"))
fails("RESOURCE_ALREADY_EXISTS", lambda: client.create_registered_model("clients-wood"))
fails("INVALID_PARAMETER_VALUE", lambda: client.set_registered_model_alias("clients-wood", "latest", "1"))
fails("INVALID_PARAMETER_VALUE", lambda: client.search_runs(["0"], filter_string="params.a = 1"))
print(json.dumps({"run": run.info.run_id, "model": "clients-wood", "loggedModel": info.model_id}))
