"""Tables of a lakehouse: folders of data files that only a log of commits makes a table."""

from __future__ import annotations
