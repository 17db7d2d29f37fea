"""Cells that a spreadsheet program takes for text, whatever a model wrote into them."""

TRIGGERS = ("=", "+", "-", "@", "\t", "\r", "\n")
"""A cell that begins so, after spaces or none, may be run as a formula (CWE-1236)."""
MARK = "'"
"""What is put before it; and before a text that begins with it, so that it can be told again."""


def neutralised(text: str) -> str:
    """A text as a cell that is no formula."""
    return MARK + text if _begins_so(text) else text


def restored(cell: str) -> str:
    """The text of a cell that `neutralised` wrote, also when a program took the mark away."""
    return cell[1:] if cell.startswith(MARK) and _begins_so(cell[1:]) else cell


def _begins_so(text: str) -> bool:
    return text.lstrip(" ").startswith((*TRIGGERS, MARK))
