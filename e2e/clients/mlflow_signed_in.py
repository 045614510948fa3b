"""One run, with whatever credentials and workspace the environment gives. Prints the error code when refused."""

import json

import mlflow
from mlflow.exceptions import MlflowException

try:
    mlflow.set_experiment("clients/signed-in")
    with mlflow.start_run() as run:
        mlflow.log_metric("m", 1.0)
        mlflow.log_text("secret", "secret.txt")
    print(json.dumps({"run": run.info.run_id}))
except MlflowException as error:
    print(json.dumps({"refused": error.error_code}))
