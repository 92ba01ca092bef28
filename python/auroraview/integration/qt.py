"""``from auroraview.integration.qt import QtWebView`` (seed 000 section 7): the first name of :mod:`auroraview.qt`."""

from ..qt import QtWebView

__all__ = ["QtWebView"]
