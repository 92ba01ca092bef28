"""The smallest tool: a button asks Python, and the page shows the answer.

Run it: python examples/hello.py
"""

import platform

import auroraview

PAGE = """<body style="font: 18px sans-serif; text-align: center; padding: 40px; background: #f4f6fb; color: #1c2536">
<button style="font: inherit; padding: 10px 24px; border: 0; border-radius: 8px; background: #3b5bdb; color: white"
    onclick="auroraview.api.hello('World').then(answer => { result.textContent = answer })">Ask Python</button>
<p id="result"></p>"""

view = auroraview.WebView("Hello", 440, 220, html=PAGE)
view.bind_call("api.hello", lambda name: f"Hello {name}, this is Python {platform.python_version()}.")
view.show()
