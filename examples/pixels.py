"""An image from Python to a canvas, and what the page made of it back: pixels travel as bytes, never as text.

Run it: python examples/pixels.py
"""

from __future__ import annotations

import auroraview

WIDTH, HEIGHT = 320, 200

PAGE = """<!doctype html><title>Pixels</title><h1>Pixels</h1><canvas></canvas><p>waiting</p><script>
const canvas = document.querySelector('canvas'), context = canvas.getContext('2d');
auroraview.on('image', async ({width, height, pixels}) => {
    Object.assign(canvas, {width, height});
    context.putImageData(new ImageData(new Uint8ClampedArray(pixels.buffer), width, height), 0, 0);
    context.fillRect(width / 4, height / 4, width / 2, height / 2);
    const painted = context.getImageData(0, 0, width, height).data;
    const {dark} = await auroraview.api.measure({width, pixels: painted});
    document.querySelector('p').textContent = `${dark} dark pixels`;
});
</script>"""


def gradient(width: int, height: int) -> bytearray:
    """RGBA, from blue to yellow."""
    pixels = bytearray()
    for y in range(height):
        level = 64 + 191 * y // height
        pixels += bytes((level, level, 255 - level + 64, 255)) * width
    return pixels


def measure(width: int, pixels: bytes) -> dict[str, int]:
    dark = sum(not any(pixels[at : at + 3]) for at in range(0, len(pixels), 4))
    return {"dark": dark, "rows": len(pixels) // 4 // width}


def make_view() -> auroraview.WebView:
    view = auroraview.WebView("Pixels", html=PAGE, width=400, height=320)
    view.bind_call("api.measure", measure)
    view.emit("image", {"width": WIDTH, "height": HEIGHT, "pixels": gradient(WIDTH, HEIGHT)})
    return view


if __name__ == "__main__":
    make_view().show()
