#!/usr/bin/env python3
"""Opens a page in a browser without a window, at the widths and in the colours of its readers, and looks at what it became.

    scripts/browser-check.py PAGE DIRECTORY

At 1280 and 400 pixels, light and dark: nothing may scroll sideways, and no text of a plot may overlap another one or lie outside.
Pictures of each go to DIRECTORY. `scripts/check --browser` runs this.
"""

import base64
import json
import os
import pathlib
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
import time
import urllib.request

BROWSERS = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome"]
WIDTHS = [1280, 400]
SCHEMES = ["light", "dark"]
# Of the window, and of a picture: a page becomes several, which one can look at.
HEIGHT, PICTURE = 900, 1600
PATIENCE = 60

# Runs in the page, with all details open: a table that nobody has opened can't be too wide.
LOOK = """
(() => {
  const problems = [];
  const root = document.documentElement;
  const details = [...document.querySelectorAll('details')];
  const was_open = details.map(one => one.open);
  details.forEach(one => { one.open = true; });
  if (root.scrollWidth > window.innerWidth) {
    const wide = [...document.body.querySelectorAll('*')]
      .filter(element => !element.closest('.scroll, svg') && element.getBoundingClientRect().right > window.innerWidth + 0.5);
    problems.push('the page is ' + root.scrollWidth + ' wide: ' +
      wide.slice(0, 3).map(element => element.tagName + '.' + element.className + ' ' + element.textContent.slice(0, 40)).join('; '));
  }
  for (const element of document.querySelectorAll('h1, h2, h3, p, li, dt, dd, td, th, caption, figcaption, summary')) {
    if (!element.closest('.scroll') && element.clientWidth > 0 && element.scrollWidth > element.clientWidth + 1) {
      problems.push(element.tagName + ' “' + element.textContent.slice(0, 60) + '” is wider than its room');
    }
  }
  let plots = 0, texts = 0;
  for (const svg of document.querySelectorAll('svg[role=img]')) {
    const frame = svg.getBoundingClientRect();
    if (frame.width === 0) continue;
    plots += 1;
    const section = svg.closest('section');
    const name = (section ? section.id + ': ' : '') + (svg.querySelector('title') || {}).textContent;
    const boxes = [...svg.querySelectorAll('text')].map(text => [text.textContent, text.getBoundingClientRect()]);
    texts += boxes.length;
    // Half a pixel is within what fonts are rounded by.
    const slack = 0.75;
    boxes.forEach(([text, box], index) => {
      if (box.left < frame.left - slack || box.right > frame.right + slack ||
          box.top < frame.top - slack || box.bottom > frame.bottom + slack) {
        problems.push(name + ': “' + text + '” lies outside');
      }
      // A line's box is higher than its letters.
      const air = box.height * 0.15;
      for (const [other, its] of boxes.slice(index + 1)) {
        if (box.left + slack < its.right && its.left + slack < box.right &&
            box.top + air < its.bottom - air && its.top + air < box.bottom - air) {
          problems.push(name + ': “' + text + '” overlaps “' + other + '”');
        }
      }
    });
    const least = Math.min(...[...svg.querySelectorAll('text')].map(text => 12 * frame.width / svg.viewBox.baseVal.width));
    if (least < 10) problems.push(name + ': its letters are ' + least.toFixed(1) + ' pixels high');
  }
  if (plots === 0) problems.push('there is no plot');
  was_open.forEach((open, index) => { details[index].open = open; });
  return JSON.stringify({ problems, plots, texts, height: root.scrollHeight });
})()
"""

# What a check finds nothing in must not be the check.
BAD = """<!DOCTYPE html><meta name="viewport" content="width=device-width"><body style="margin:0">
<div style="width:3000px">wide</div>
<table style="table-layout:fixed;width:100px"><tr><td style="white-space:nowrap;overflow:hidden">a cell that is cut</td></tr></table>
<section id="bad"><svg role="img" viewBox="0 0 300 60" width="300" height="60"><title>bad</title>
<text x="10" y="30">one above</text><text x="20" y="32">the other</text><text x="270" y="50">beyond the edge</text></svg>
<svg role="img" viewBox="0 0 3000 60" width="300" height="6"><title>tiny</title><text x="10" y="30">tiny</text></svg></section>
"""
KINDS = ["the page is", "wider than its room", "overlaps", "lies outside", "pixels high"]


class Devtools:
    """The protocol that the browser speaks, over a WebSocket of its own."""

    def __init__(self, address):
        host, path = address.removeprefix("ws://").split("/", 1)
        name, port = host.split(":")
        self.socket = socket.create_connection((name, int(port)), timeout=PATIENCE)
        self.buffer, self.count = b"", 0
        key = base64.b64encode(os.urandom(16)).decode()
        self.socket.sendall(
            f"GET /{path} HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n".encode()
        )
        while b"\r\n\r\n" not in self.buffer:
            self.more()
        self.buffer = self.buffer.split(b"\r\n\r\n", 1)[1]

    def more(self):
        data = self.socket.recv(1 << 16)
        if not data:
            raise ConnectionError("the browser hung up")
        self.buffer += data

    def take(self, count):
        while len(self.buffer) < count:
            self.more()
        taken, self.buffer = self.buffer[:count], self.buffer[count:]
        return taken

    def receive(self):
        message = b""
        while True:
            first, second = self.take(2)
            length = second & 127
            if length == 126:
                (length,) = struct.unpack(">H", self.take(2))
            elif length == 127:
                (length,) = struct.unpack(">Q", self.take(8))
            payload = self.take(length)
            if first & 15 in (0, 1):
                message += payload
                if first & 128:
                    return json.loads(message)

    def call(self, method, **parameters):
        self.count += 1
        data = json.dumps({"id": self.count, "method": method, "params": parameters}).encode()
        length = struct.pack(">BBQ", 129, 255, len(data))
        # A client masks what it sends; a mask of zeros leaves it as it is.
        self.socket.sendall(length + b"\0\0\0\0" + data)
        while True:
            message = self.receive()
            if message.get("id") == self.count:
                if "error" in message:
                    raise RuntimeError(f"{method}: {message['error']['message']}")
                return message["result"]

    def wait_for(self, event):
        while self.receive().get("method") != event:
            pass


def find_browser():
    found = next(filter(None, map(shutil.which, BROWSERS)), None)
    if not found:
        sys.exit("browser-check: no browser: `apt-get install chromium` (or another package that has one of " + ", ".join(BROWSERS) + ")")
    return found


def start(browser, profile):
    command = [browser, "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars",
               "--remote-debugging-port=0", f"--user-data-dir={profile}", "about:blank"]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def connect(process, profile):
    """The browser writes its port into a file once it listens."""
    port_file = pathlib.Path(profile, "DevToolsActivePort")
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        if process.poll() is not None:
            sys.exit(f"browser-check: the browser ended with {process.returncode} before it listened")
        if port_file.exists() and port_file.read_text().count("\n"):
            port = port_file.read_text().split("\n")[0]
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/json/list", timeout=PATIENCE) as answer:
                pages = [target for target in json.load(answer) if target["type"] == "page"]
            if pages:
                return Devtools(pages[0]["webSocketDebuggerUrl"])
        time.sleep(0.05)
    sys.exit(f"browser-check: the browser didn't listen within {PATIENCE} s")


def test_itself(devtools, directory):
    page = pathlib.Path(directory, "bad.html")
    page.write_text(BAD)
    found = problems_of(devtools, page, WIDTHS[0], SCHEMES[0])["problems"]
    unseen = [kind for kind in KINDS if not any(kind in problem for problem in found)]
    if unseen:
        sys.exit(f"browser-check: the check itself is blind: of {unseen} it found nothing in a page that has them: {found}")


def problems_of(devtools, page, width, scheme):
    mobile = width < 600
    devtools.call("Emulation.setDeviceMetricsOverride", width=width, height=HEIGHT, deviceScaleFactor=1, mobile=mobile)
    devtools.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
    devtools.call("Page.enable")
    devtools.call("Page.navigate", url=page.resolve().as_uri())
    devtools.wait_for("Page.loadEventFired")
    answer = devtools.call("Runtime.evaluate", expression=LOOK, returnByValue=True)
    if "exceptionDetails" in answer:
        raise RuntimeError(str(answer["exceptionDetails"]))
    return json.loads(answer["result"]["value"])


def look(devtools, page, directory, width, scheme):
    found = problems_of(devtools, page, width, scheme)
    for number, top in enumerate(range(0, found["height"], PICTURE), 1):
        area = {"x": 0, "y": top, "width": width, "height": min(PICTURE, found["height"] - top), "scale": 1}
        shot = devtools.call("Page.captureScreenshot", format="png", clip=area, captureBeyondViewport=True)
        (directory / f"{page.stem}-{width}-{scheme}-{number:02}.png").write_bytes(base64.b64decode(shot["data"]))
    return found


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    page, directory = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
    if not page.is_file():
        sys.exit(f"browser-check: there is no {page}")
    directory.mkdir(parents=True, exist_ok=True)
    for old in directory.glob(f"{page.stem}-*.png"):
        old.unlink()
    failed = False
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        process = start(find_browser(), profile)
        try:
            devtools = connect(process, profile)
            test_itself(devtools, profile)
            for width in WIDTHS:
                for scheme in SCHEMES:
                    found = look(devtools, page, directory, width, scheme)
                    print(f"{page} at {width} px, {scheme}: {found['plots']} plots, {found['texts']} texts,"
                          f" {len(found['problems'])} problems")
                    for problem in found["problems"]:
                        print(f"  {problem}")
                    failed |= bool(found["problems"])
        finally:
            process.terminate()
            process.wait(timeout=PATIENCE)
    print(f"pictures: {directory}")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
