"""The system's Chromium, driven by playwright: real clicks and keys, and everything that a page asked for."""

from pathlib import Path
from typing import Any

from playwright.sync_api import ConsoleMessage, Page, sync_playwright

from optional import program

CHROMIUM = program("chromium")
HEIGHT = 900
PIXELS_PER_MM = 96 / 25.4


class Browser:
    """One page in a browser of its own; `requests` and `complaints` list what the page did.

    Only one is open at a time in a process.
    """

    page: Page

    def __init__(self) -> None:
        self._driver = sync_playwright().start()
        self._browser = self._driver.chromium.launch(executable_path=CHROMIUM)
        self.requests: list[str] = []
        self.complaints: list[str] = []

    def close(self) -> None:
        """End the browser."""
        self._browser.close()
        self._driver.stop()

    def open(self, path: Path, width: int = 1280, scheme: Any = "light", scripts: bool = True) -> None:
        """Open a file in a window of this width and colour scheme, with the page's scripts or without."""
        for earlier in self._browser.contexts:
            earlier.close()
        self.requests.clear()
        self.complaints.clear()
        window: Any = {"width": width, "height": HEIGHT}
        self.page = self._browser.new_page(viewport=window, color_scheme=scheme, java_script_enabled=scripts)
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.on("pageerror", lambda error: self.complaints.append(error.message))
        self.page.on("console", self._hear)
        self.page.goto(path.resolve().as_uri())

    def _hear(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self.complaints.append(message.text)

    def as_paper(self, width: float) -> None:
        """Show the open page as on paper with so many millimetres between its margins."""
        self.page.set_viewport_size({"width": int(width * PIXELS_PER_MM), "height": HEIGHT})
        self.page.emulate_media(media="print")

    def print(self, path: Path, width: float, height: float) -> None:
        """Print the open page on paper of so many millimetres, into a PDF."""
        self.page.pdf(path=path, width=f"{width}mm", height=f"{height}mm")

    def run(self, script: str) -> Any:
        """Return the value of a script's last expression; promises are awaited."""
        return self.page.evaluate(script)

    def until(self, condition: str) -> None:
        """Wait for a condition in the page."""
        self.page.wait_for_function(condition)

    def click(self, element: str) -> None:
        """Click in the middle of the element that a script returns."""
        self.page.evaluate_handle(element).as_element().click()

    def press(self, key: str) -> None:
        """Press a named key."""
        self.page.keyboard.press(key)

    def type(self, text: str) -> None:
        """Type a text into what has the focus."""
        self.page.keyboard.type(text)
