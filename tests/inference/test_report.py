"""The page shows the whole text, escaped, with notes, and asks the network for nothing."""

import re
from html import unescape

from sayso import Classifier
from sayso.labels import NOTICE
from sayso.report import render_article

TEXT = 'A <script>alert("x")</script> reportedly ran.\nOfficials said: "It is over." \ud800\x00 & more.'


def shown(page: str) -> str:
    article = page[page.index("<article>") : page.index("</article>")]
    bare = re.sub(r'<aside.*?</aside>|<span class="badge".*?</span>', "", article, flags=re.S)
    return unescape(re.sub(r"<[^>]+>", "", bare))


def test_whole_text_is_there_and_escaped(classifier: Classifier) -> None:
    page = render_article(TEXT, classifier.analyze(TEXT), "<b>title</b>")
    assert shown(page).replace("\x00", "") == TEXT.replace("\ud800", "?").replace("\x00", "")
    assert "<script" not in page
    assert "<b>title" not in page
    assert NOTICE in unescape(page)
    page.encode("utf-8")


def test_page_asks_for_nothing(classifier: Classifier) -> None:
    page = render_article(TEXT, classifier.analyze(TEXT), "t")
    assert not re.search(r"https?://|src=|@import|url\(", page)
    assert "default-src 'none'" in page


def test_empty_article() -> None:
    assert NOTICE in unescape(render_article("", [], "empty"))
