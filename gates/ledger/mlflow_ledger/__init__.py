"""The ledger kept in MLflow: the only package that imports mlflow."""
