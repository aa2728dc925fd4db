-- `dagster` is made by the image; the lake's catalogue and MLflow get their own.
CREATE DATABASE lake;
CREATE DATABASE mlflow;
