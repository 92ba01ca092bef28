"""What a view shows: addresses, texts and files."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Optional, Union

if TYPE_CHECKING:
    from ._recovery import Recovery
    from ._reload.watch import HotReload


class Content:
    """How a document comes into a view."""

    _recovery: Recovery
    _url: Optional[str]
    #: Of the file that was loaded last.
    _file_folder: Optional[str]
    _hot_reload: Optional[HotReload]

    def _notify(self, method: str, params: Any) -> None:
        raise NotImplementedError

    def load_url(self, url: str) -> None:
        """Loads an address (``http``, ``https``, ``about`` or the view's own ``av``).

        A page from elsewhere may call Python only if ``allowed_origins`` lists its exact origin.
        """
        scheme = url.partition(":")[0].lower() if isinstance(url, str) else ""
        if scheme == "file":
            raise ValueError(f"use load_file() for files: {url}")
        if scheme not in ("http", "https", "about", "av"):
            raise ValueError(f"{url!r} is no address that a page can have; begin it with http:// or https://")
        self._recovery.load("url", url)

    def load_html(self, html: str) -> None:
        """Loads a document (at most 16 MiB). It has the view's own origin; files come from ``asset_root``."""
        if not isinstance(html, str):
            raise TypeError(f"html must be str, not {type(html).__name__}")
        self._recovery.load("html", html)

    def load_file(self, path: Union[str, os.PathLike[str]]) -> None:
        """Loads a file from disk. It may load its neighbours: files of ``asset_root`` if it lies there, else of its own
        folder.

        Raises:
            FileNotFoundError, IsADirectoryError: There is no such file.
        """
        file = os.path.realpath(os.fspath(path))
        if os.path.isdir(file):
            raise IsADirectoryError(f"{file} is a folder; name the file to load, such as {file}/index.html")
        if not os.path.exists(file):
            raise FileNotFoundError(f"there is no file {file}")
        self._file_folder = os.path.dirname(file)
        self._recovery.load("file", file)
        if self._hot_reload is not None:
            self._hot_reload.watch()

    def reload(self) -> None:
        """Loads the current document again; after too many crashes (``docs/recovery.md``) the last one."""
        if not self._recovery.reload():
            self._notify("view/reload", {})

    @property
    def url(self) -> Optional[str]:
        """Address of the current document, or None before there is one."""
        return self._url
