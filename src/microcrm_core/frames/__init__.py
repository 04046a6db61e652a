"""Frames: pandas, polars and pyarrow tables in, and the same kind out.

An edge: needs the extra `frames`, and whatever frames the caller uses.
"""

from __future__ import annotations

from microcrm_core.frames.output import Backend, to_frame
from microcrm_core.frames.portfolio import portfolio_from_frames

__all__ = ["Backend", "portfolio_from_frames", "to_frame"]
