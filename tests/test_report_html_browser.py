"""The page in a real browser: Debian's chromium, headless. Skipped where there is none."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from gfplint.findings import Confidence, Place, Report
from gfplint.report.html import render
from tests.reports import NOTES, balloon_finding, chain_finding, report
from tests.rule_texts import RULES
from tests.test_report_html import chain_of_three, hostile_report

if TYPE_CHECKING:
    from selenium.webdriver.chrome.webdriver import WebDriver

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not (shutil.which("chromium") and shutil.which("chromedriver")),
        reason="no chromium and chromedriver (Debian: chromium, chromium-driver) for the HTML report",
    ),
]

FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
WIDE, NARROW = 1440, 390


class Page:
    """A report in the browser, and what a test wants to know about it."""

    def __init__(self, driver: WebDriver, folder: Path) -> None:
        self.driver = driver
        self.file = folder / "report.html"

    def open(self, given: Report, *, width: int = WIDE, hash_: str = "", dark: bool = False) -> Page:
        self.file.write_bytes(render(given, RULES).encode("utf-8", "backslashreplace"))
        self.driver.execute_cdp_cmd(
            "Emulation.setDeviceMetricsOverride",
            {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 500},
        )
        self.media("", dark)
        self.driver.get("about:blank")
        for kind in ("browser", "performance"):
            self.driver.get_log(kind)  # type: ignore[no-untyped-call]
        self.driver.get(f"file://{self.file}{hash_}")
        return self

    def media(self, medium: str, dark: bool) -> None:
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": medium, "features": [scheme]})

    def run(self, script: str) -> Any:
        return self.driver.execute_script(script)

    def until(self, condition: str) -> None:
        """Wait for what happens after an event, such as a change of the address."""
        from selenium.webdriver.support.wait import WebDriverWait

        WebDriverWait(self.driver, 20).until(lambda _: self.run(f"return {condition}"))

    def click(self, selector: str) -> None:
        self.driver.find_element("css selector", selector).click()

    def type(self, *keys: str) -> None:
        self.driver.switch_to.active_element.send_keys(*keys)

    @property
    def count(self) -> str:
        return str(self.run("return document.getElementById('count').textContent"))

    @property
    def shown(self) -> list[str]:
        script = "return [...document.querySelectorAll('article')].filter(a => a.offsetParent).map(a => "
        return list(self.run(f"{script}`${{a.dataset.rule}} ${{a.dataset.confidence}} ${{a.dataset.file}}`)"))

    def box(self, selector: str) -> dict[str, float]:
        found = self.run(
            f"return document.querySelector({json.dumps(selector)}).getBoundingClientRect().toJSON()"
        )
        assert isinstance(found, dict)
        return found

    def complaints(self) -> list[str]:
        entries = self.driver.get_log("browser")  # type: ignore[no-untyped-call]
        return [str(entry["message"]) for entry in entries]

    def requests(self) -> list[str]:
        """The addresses of everything that the page asked for."""
        entries = self.driver.get_log("performance")  # type: ignore[no-untyped-call]
        messages = [json.loads(entry["message"])["message"] for entry in entries]
        return [
            message["params"]["request"]["url"]
            for message in messages
            if message["method"] == "Network.requestWillBeSent"
        ]


@pytest.fixture(scope="module")
def driver(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebDriver]:
    webdriver = pytest.importorskip("selenium.webdriver", reason="no selenium to drive the browser with")
    options = webdriver.ChromeOptions()
    options.binary_location = shutil.which("chromium")
    for flag in (*FLAGS, f"--user-data-dir={tmp_path_factory.mktemp('profile')}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    service = webdriver.ChromeService(executable_path=shutil.which("chromedriver"))
    browser = webdriver.Chrome(options=options, service=service)
    yield browser
    browser.quit()


@pytest.fixture
def page(driver: WebDriver, tmp_path: Path) -> Page:
    return Page(driver, tmp_path)


def three() -> Report:
    low = replace(
        balloon_finding(), confidence=Confidence.LOW, place=Place("drivers/a.c", 7, 1), function="odd_one"
    )
    return report(balloon_finding(), chain_finding(), low, notes=NOTES)


HIGH, MEDIUM, LOW = (
    "GFP001 high drivers/virtio/virtio_balloon.c",
    "GFP002 medium drivers/gpu/drm/i915/gem/i915_gem_shrinker.c",
    "GFP001 low drivers/a.c",
)


def test_nothing_is_asked_of_the_network_and_nothing_goes_wrong(page: Page) -> None:
    page.open(three())
    page.click("#unfold")
    page.click("#theme")
    asked = [address for address in page.requests() if not address.startswith(("data:", "about:"))]
    assert asked == [f"file://{page.file}"]
    assert page.complaints() == []


def test_nothing_from_the_sources_runs(page: Page, tmp_path: Path) -> None:
    page.open(hostile_report(tmp_path / "tree"))
    page.click("#unfold")
    assert page.run("return document.querySelectorAll('script').length") == 1
    assert page.run("return document.querySelectorAll('img, iframe, object').length") == 0
    assert "hurt()" in page.run("return document.querySelector('.src .now').textContent")
    # A script that ran would miss hurt(), one that the policy stopped would be told: either is a complaint.
    assert page.complaints() == []


def test_the_policy_is_in_force(page: Page) -> None:
    page.open(three())
    page.run(
        "const s = document.createElement('script'); s.textContent = 'window.ran = 1';"
        "document.body.append(s);"
        "document.body.setAttribute('onclick', 'window.ran = 2'); document.body.click();"
    )
    assert page.run("return window.ran ?? 0") == 0
    assert len(page.complaints()) >= 1


def test_filters(page: Page) -> None:
    page.open(three())
    assert (page.count, page.shown) == ("3 of 3 shown", [HIGH, MEDIUM, LOW])
    page.click("input[value=GFP001]")
    assert (page.count, page.shown) == ("2 of 3 shown", [HIGH, LOW])
    page.click("input[value=low]")
    assert (page.count, page.shown) == ("1 of 3 shown", [LOW])
    page.click("#everything")
    assert page.shown == [HIGH, MEDIUM, LOW]
    page.click("#file")
    page.type("drivers/a\ue007")  # Enter
    page.until("document.getElementById('file').value === 'drivers/a.c'")
    assert page.shown == [LOW]
    page.click("#everything")
    page.click("#q")
    page.type("Shrinker KVMALLOC")  # every word, in whatever case, in whatever order
    assert page.shown == [MEDIUM]
    page.type(" nowhere")
    assert (page.count, page.shown) == ("0 of 3 shown", [])
    assert page.run("return document.getElementById('none').offsetParent !== null")


def test_the_address_keeps_the_filter(page: Page) -> None:
    page.open(three())
    page.click("input[value=GFP001]")
    page.click("input[value=high]")
    page.click("#q")
    page.type("fill & more #1")
    address = page.run("return location.hash")
    page.open(three(), hash_=address)
    assert page.run("return document.getElementById('q').value") == "fill & more #1"
    assert page.run("return [...document.querySelectorAll(':checked[name]')].map(b => b.value)") == [
        "GFP001",
        "high",
    ]
    assert page.count == "0 of 3 shown"
    assert page.open(three(), hash_="#file=drivers%2Fa.c&rule=GFP001").shown == [LOW]
    assert page.open(three(), hash_="#file=gone.c&rule=NOPE").count == "3 of 3 shown"
    page.open(three(), hash_="#open=1f0c7a2b9d3e")
    assert page.run("return document.querySelector('details[open][id^=f-]').id") == "f-1f0c7a2b9d3e"


def test_keyboard(page: Page) -> None:
    page.open(three())
    page.driver.find_element("tag name", "body").send_keys("j")
    page.type("j")
    focus = "return document.activeElement.closest('article')?.dataset.rule"
    assert page.run(focus) == "GFP002"
    page.type("k")
    assert page.run(focus) == "GFP001"
    page.type("/")
    page.type("kvmalloc")
    assert page.shown == [MEDIUM]
    page.type("\ue00c")  # Escape
    assert page.shown == [HIGH, MEDIUM, LOW]


def test_the_drawing_filters(page: Page) -> None:
    page.open(three())
    page.click(".n-callback[aria-label*=i915]")
    page.until("document.getElementById('q').value === 'i915_gem_shrinker_oom'")
    assert page.shown == [MEDIUM]
    off = page.run("return [...document.querySelectorAll('.n-lock.off, .n-callback.off')].length")
    assert off == 2, "the lock and the callback of the others step back"


@pytest.mark.parametrize("dark", [False, True])
def test_the_toggle(page: Page, dark: bool) -> None:
    page.open(three(), dark=dark)
    page.run("localStorage.clear()")
    page.driver.refresh()
    shade = "return getComputedStyle(document.body).backgroundColor.match(/\\d+/g).map(Number)[0] < 128"
    assert page.run(shade) is dark
    page.click("#theme")
    assert page.run(shade) is not dark
    assert page.run("return document.getElementById('theme').ariaPressed") == str(not dark).lower()
    page.driver.refresh()
    assert page.run(shade) is not dark, "the choice is kept"
    page.run("localStorage.clear()")


def test_lanes_stand_side_by_side_where_there_is_room(page: Page) -> None:
    page.open(report(balloon_finding()))
    page.click("#unfold")
    one, two = page.box(".l-1"), page.box(".l-2")
    assert one["right"] < two["left"]
    assert one["top"] == two["top"]
    assert one["bottom"] == two["bottom"]
    assert page.box(".l-1 .last")["bottom"] == pytest.approx(page.box(".l-2 .last")["bottom"], abs=1)
    for arrow in (page.box(".arrow.left"), page.box(".arrow.right")):
        assert arrow["left"] == pytest.approx(one["right"], abs=2)
        assert arrow["right"] == pytest.approx(two["left"], abs=2)
    page.open(report(balloon_finding()), width=NARROW)
    page.click("#unfold")
    one, two = page.box(".l-1"), page.box(".l-2")
    assert one["bottom"] < two["top"]
    assert one["left"] == two["left"]


@pytest.mark.parametrize("width", [320, NARROW, 800, WIDE])
def test_the_page_never_scrolls_sideways(page: Page, width: int, tmp_path: Path) -> None:
    for number, given in enumerate((three(), report(chain_of_three()), hostile_report(tmp_path / "tree"))):
        page.open(given, width=width)
        page.click("#unfold")
        assert page.run("return document.documentElement.scrollWidth") <= width, number


def test_labels_fit_their_boxes(page: Page) -> None:
    long = replace(balloon_finding(), function="f" * 80, place=Place(f"drivers/{'long_' * 20}name.c", 1, 1))
    page.open(report(long, chain_finding(), chain_of_three()))
    outside = page.run(
        """return [...document.querySelectorAll('.node')].flatMap((node) => {
          const box = node.querySelector('rect').getBBox();
          return [...node.querySelectorAll('text')].filter((text) => {
            const t = text.getBBox();
            return t.x < box.x || t.x + t.width > box.x + box.width
              || t.y < box.y - 1 || t.y + t.height > box.y + box.height + 1;
          }).map((text) => text.textContent);
        })"""
    )
    assert outside == []


CONTRAST = """
const context = document.createElement('canvas').getContext('2d', {willReadFrequently: true});
const rgb = (colour, under) => {
  context.fillStyle = `rgb(${under})`; context.fillRect(0, 0, 1, 1);
  context.fillStyle = colour; context.fillRect(0, 0, 1, 1);
  return [...context.getImageData(0, 0, 1, 1).data].slice(0, 3);
};
const light = (c) => c.map((v) => v / 255).map((v) => v <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4)
  .reduce((sum, v, i) => sum + v * [.2126, .7152, .0722][i], 0);
const behind = (element) => element
  ? rgb(getComputedStyle(element).backgroundColor, behind(element.parentElement)) : [255, 255, 255];
const poor = new Set();
for (const element of document.querySelectorAll('body *')) {
  if (element.closest('svg, option, :disabled, [hidden]') || !element.checkVisibility()) continue;
  if (![...element.childNodes].some((n) => n.nodeType === 3 && n.data.trim())) continue;
  if (/^(SCRIPT|STYLE)$/.test(element.tagName)) continue;
  const back = behind(element), front = rgb(getComputedStyle(element).color, back);
  const [dim, bright] = [light(front), light(back)].sort((a, b) => a - b);
  const ratio = (bright + .05) / (dim + .05);
  if (ratio < 4.5) poor.add(`${element.tagName}.${element.className} ${ratio.toFixed(2)}`);
}
return [...poor];
"""


@pytest.mark.parametrize("dark", [False, True])
def test_text_has_contrast(page: Page, dark: bool, tmp_path: Path) -> None:
    page.open(hostile_report(tmp_path / "tree"), dark=dark)
    page.click("#unfold")
    assert page.run(CONTRAST) == []
    page.open(three(), dark=dark)
    page.click("#unfold")
    assert page.run(CONTRAST) == []


def test_landmarks_and_names(page: Page) -> None:
    page.open(three())
    for selector in ("header", "main", "footer", "form[role=search]", "h1", "[aria-live=polite]"):
        assert page.run(f"return document.querySelectorAll('{selector}').length") >= 1, selector
    nameless = page.run(
        """const named = 'input, select, button, [role=region], section';
        return [...document.querySelectorAll(named)].filter((e) =>
          !(e.labels?.length || e.getAttribute('aria-label') || e.getAttribute('aria-labelledby')
            || e.textContent.trim())).map((e) => e.outerHTML)"""
    )
    assert nameless == []


def test_on_paper(page: Page) -> None:
    page.open(three(), dark=True)
    page.run("window.dispatchEvent(new Event('beforeprint'))")
    page.media("print", True)
    assert page.run("return document.getElementById('filter').offsetParent === null")
    assert page.run("return document.querySelectorAll('article > details:not([open])').length") == 0
    assert page.run("return getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"


def test_without_script_the_page_is_still_read(page: Page) -> None:
    page.driver.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
    try:
        page.open(three())
        page.click("article summary")
        found: Callable[[str], Any] = lambda css: page.driver.find_element("css selector", css)  # noqa: E731
        assert found(".lane").is_displayed()
        assert not found("#filter").is_displayed()
    finally:
        page.driver.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})
