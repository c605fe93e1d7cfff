"""What an error report with local variables shows."""

import traceback


def variables_shown(error: BaseException) -> str:
    """The variables of this library's frames in the error's traceback."""
    shown = traceback.TracebackException.from_exception(error, capture_locals=True)
    return "\n".join(
        str(frame.locals) for frame in shown.stack if "bearerguard" in frame.filename and "/tests/" not in frame.filename
    )
