"""What the document says of the API's own errors."""

from typing import Any

from pydantic import BaseModel


class Problem(BaseModel):
    """An error of FastAPI's kind."""

    detail: str


NOT_FOUND: dict[int | str, dict[str, Any]] = {404: {"model": Problem, "description": "There is no such order."}}
CONFLICT: dict[int | str, dict[str, Any]] = {409: {"model": Problem, "description": "That was done before."}}
