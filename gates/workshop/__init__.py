"""Recipes worked through: instruments made, frozen, and logged."""
