"""Sees the first pixel of a page: Xvfb keeps the screen in a file, which is mapped here."""

from __future__ import annotations

from pathlib import Path

import numpy


class Screen:
    def __init__(self, folder: Path, colour: tuple[int, int, int]) -> None:
        file = folder / "Xvfb_screen0"
        header = numpy.fromfile(file, ">u4", 25)
        size, height, line, colours = (int(header[n]) for n in (0, 5, 12, 19))
        self._pixels = numpy.memmap(file, numpy.uint8, "r", size + 12 * colours, (height, line))
        self._colour = numpy.array(colour[::-1], numpy.uint8)

    def shows(self) -> bool:
        """Whether the page's colour is anywhere on a grid of 20 pixels."""
        grid = self._pixels[10::20].reshape(-1, self._pixels.shape[1] // 4, 4)[:, 10::20, :3]
        return bool((grid == self._colour).all(axis=2).any())
