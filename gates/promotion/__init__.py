"""Promotion: who may move an alias, what moves it, and what serves afterwards."""
