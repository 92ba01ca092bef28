"""The floor with text by the scheme: the engine's better path for much text."""

from __future__ import annotations

from floor import GLUE as FLOOR

GLUE = (
    FLOOR
    + """
peer.call = (name, value) => name === 'length'
  ? fetch('/up', {method: 'POST', body: value}).then(() => value.length)
  : fetch('/down').then(answer => answer.text());
"""
)
