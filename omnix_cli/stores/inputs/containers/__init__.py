"""Files that contain inputs: zip archives and Excel workbooks."""

from __future__ import annotations
