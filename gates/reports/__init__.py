"""Decisions as people read them: Markdown, HTML, JSON and plots."""
