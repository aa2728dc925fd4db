"""The pages as a browser shows them: offline, without errors, sortable, filterable, narrow, dark."""

import shutil

import pytest

from hf_platform.reports import backtest_report

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking", "--disable-sync"]

pytestmark = pytest.mark.services


@pytest.fixture(scope="module")
def browser(give_up):
    if CHROMIUM is None:
        give_up("no chromium on this machine")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield running
        running.close()


@pytest.fixture
def visit(browser):
    """Open a file; every error and every request beyond the file is kept."""
    contexts = []

    def open_file(path, **options):
        context = browser.new_context(**options)
        contexts.append(context)
        page = context.new_page()
        page.troubles = []
        page.on("console", lambda message: page.troubles.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: page.troubles.append(str(error)))
        page.on("request", lambda request: page.troubles.append(request.url) if request.url != path.as_uri() else None)
        page.goto(path.as_uri())
        return page

    yield open_file
    for context in contexts:
        context.close()


def overflow(page) -> int:
    return page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")


@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_page_fits_and_fetches_nothing(backtested, visit, width, scheme, tmp_path):
    path = backtest_report.page_path(backtested.settings, backtested.keys[0])
    page = visit(path, viewport={"width": width, "height": 900}, color_scheme=scheme)
    assert page.troubles == []
    assert overflow(page) <= 0
    assert page.locator("#verdict").is_visible()
    assert page.locator("svg").count() >= 5
    picture = page.screenshot(path=tmp_path / "page.png")
    assert len(picture) > 30_000  # an empty page is far smaller


def test_the_verdict_stands_above_the_fold(backtested, visit):
    page = visit(
        backtest_report.page_path(backtested.settings, backtested.keys[0]), viewport={"width": 1280, "height": 800}
    )
    box = page.locator(".headline").bounding_box()
    assert box["y"] + box["height"] < 400


def test_the_index_sorts_and_filters(backtested, visit):
    page = visit(backtest_report.index_path(backtested.settings))
    assert page.troubles == []
    rows = page.locator("#grid tbody tr")

    def horizons() -> list[str]:
        return [cell.inner_text() for cell in rows.locator("td:nth-child(2)").all() if cell.is_visible()]

    assert horizons() == ["1d", "5d", "1mo"]
    page.get_by_role("button", name="forecasts").click()
    assert horizons() == ["1mo", "5d", "1d"]
    page.get_by_role("button", name="forecasts").click()
    assert horizons() == ["1d", "5d", "1mo"]
    assert page.locator("th[aria-sort=descending]").inner_text().startswith("forecasts")
    page.locator("#filter").fill("aaa 1mo")
    assert horizons() == ["1mo"]
    assert page.locator("#shown").inner_text() == "1 of 3"
    page.locator("#filter").fill("")
    rows.locator("a").first.click()
    assert page.locator("h1").inner_text().startswith("AAA")


def test_a_page_prints(backtested, visit, tmp_path):
    page = visit(backtest_report.page_path(backtested.settings, backtested.keys[0]))
    pdf = page.pdf(format="A4", path=tmp_path / "page.pdf")
    assert pdf.startswith(b"%PDF")
