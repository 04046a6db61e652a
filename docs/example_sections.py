"""A griffe extension: mkdocstrings shows an `Example:` as code.

Griffe knows the section under its plural name only, and takes the singular for a box of
prose, in which `>>>` would be a quotation.
"""

from __future__ import annotations

import re

import griffe


class ExampleSections(griffe.Extension):
    """Gives griffe the name that it knows; the sources stay as they are."""

    def on_object(self, *, obj: griffe.Object, **_kwargs: object) -> None:
        """Rename the section in one docstring."""
        if obj.docstring is not None:
            obj.docstring.value = re.sub(
                r"^Example:$", "Examples:", obj.docstring.value, flags=re.MULTILINE
            )
