"""Tiny transformers for tests: the maker that the examples use."""

from infra.examples.tiny_model import CHAT, END, PAD, ROLES, UNKNOWN, tiny_llama

__all__ = ["CHAT", "END", "PAD", "ROLES", "UNKNOWN", "tiny_llama"]
