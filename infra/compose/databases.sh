#!/bin/sh
# Run once by PostgreSQL's image: a database and a user each for MLflow and for the gate's state.
set -eu
for name in mlflow gate; do
  case "$name" in
    mlflow) password="$MLFLOW_DATABASE_PASSWORD" ;;
    gate) password="$GATE_DATABASE_PASSWORD" ;;
  esac
  psql --set ON_ERROR_STOP=1 --set name="$name" --set password="$password" --username postgres --dbname postgres <<'SQL'
CREATE USER :"name" PASSWORD :'password';
CREATE DATABASE :"name" OWNER :"name";
SQL
done
