"""Files that appear whole or not at all.

Whoever reads the folder while a review writes, or after it was killed, finds the old
file or the new one and never half of it.

Example:
    >>> import tempfile
    >>> from pathlib import Path
    >>> from microcrm_core.reviews.whole_files import whole_file
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with whole_file(Path(folder, "a.csv")) as stream:
    ...         _ = stream.write(b"loan_id")
    ...     [path.name for path in Path(folder).iterdir()]
    ['a.csv']
"""

from __future__ import annotations

import os
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

__all__ = ["whole_file"]


@contextmanager
def whole_file(path: str | os.PathLike[str]) -> Generator[BinaryIO]:
    """Yield a stream whose bytes become the file *path* when the block ends well.

    An older file stays as it is if the block fails.

    Raises:
        OSError: The folder cannot be written to.

    Example:
        >>> import tempfile
        >>> from pathlib import Path
        >>> from microcrm_core.reviews.whole_files import whole_file
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = Path(folder, "a.csv")
        ...     try:
        ...         with whole_file(path) as stream:
        ...             raise KeyError("half-way")
        ...     except KeyError:
        ...         path.exists()
        False
    """
    target = Path(path)
    partial = target.with_name(f".{target.name}.{os.getpid()}.partial")
    try:
        with partial.open("wb") as stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(partial, target)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise
