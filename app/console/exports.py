"""A list as a file: comma-separated values, or a JSON object a line."""

import csv
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from flask import Response

from app.errors import Unusable

_RISKY = ("=", "+", "-", "@", "\t", "\r")
"""What a spreadsheet takes for the beginning of a formula."""


def exported(
    form: str, name: str, columns: Sequence[str], rows: Iterable[Mapping[str, Any]]
) -> Response:
    """The rows as a file of that name. `form` is `csv` or `jsonl`. Raises Unusable for another."""
    if form == "csv":
        text, kind = _csv(columns, rows), "text/csv; charset=utf-8"
    elif form == "jsonl":
        lines = (json.dumps({key: row[key] for key in columns}, ensure_ascii=False) for row in rows)
        text, kind = "".join(line + "\n" for line in lines), "application/x-ndjson"
    else:
        raise Unusable("format: must be csv or jsonl")
    response = Response(text.encode("utf-8", "replace"), content_type=kind)
    response.headers["Content-Disposition"] = f'attachment; filename="{name}.{form}"'
    return response


def _csv(columns: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> str:
    written = io.StringIO()
    writer = csv.writer(written, lineterminator="\r\n")
    writer.writerow(columns)
    for row in rows:
        writer.writerow([_harmless(row[key]) for key in columns])
    return written.getvalue()


def _harmless(value: Any) -> Any:
    """Names come from callers: none may be a formula."""
    return "'" + value if isinstance(value, str) and value.startswith(_RISKY) else value
