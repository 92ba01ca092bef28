"""A view as a Qt widget: :class:`QtWebView`, for whichever Qt binding the host has loaded."""

from ._widget import QtWebView

__all__ = ["QtWebView"]
