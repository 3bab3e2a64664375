"""The API on real text: exact offsets, long input, odd input, same answer however batched."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sayso import Classifier, Document

ARTICLE = (
    "The army reportedly destroyed four bridges near Tal Marin.\n"
    "“We lost the road,” said Mayor Lena Haddad. Pro-government sources claim that the town has fallen. "
    "The council meets on Monday. Why now?"
)


def test_article_gets_every_label(classifier: Classifier) -> None:
    sentences = classifier.analyze(ARTICLE, "a1")
    assert [s.label for s in sentences] == ["hedge", "claim", "claim", "fact", "none"]
    assert [s.sentence_index for s in sentences] == [0, 1, 2, 3, 4]
    assert "Pro-government sources" in [span.text for span in sentences[2].sources]
    assert sentences[2].source_kind is not None
    assert sentences[3].source_kind is sentences[3].source_stance is sentences[3].source_framing is None


@settings(max_examples=40, deadline=None)
@given(st.text(alphabet=st.characters(), max_size=200))
def test_offsets_are_exact_on_any_text(classifier: Classifier, text: str) -> None:
    for sentence in classifier.analyze(text):
        assert text[sentence.start : sentence.end] == sentence.text
        for _, span in sentence.spans():
            assert text[span.start : span.end] == span.text != ""


def test_offsets_with_emoji_and_combining_marks(classifier: Classifier) -> None:
    text = "😀 Zażółć burned 🔥 in the cafe\u0301. Officials said that nothing \ud800 had happened 👩‍👩‍👧."
    sentences = classifier.analyze(text)
    assert all(text[s.start : s.end] == s.text for s in sentences)
    assert any(span.text == "Officials" for s in sentences for span in s.sources)


def test_long_sentence_is_windowed_not_cut(classifier: Classifier) -> None:
    tail = ", the ministry said"
    text = "The convoy of " + ", ".join(f"truck {i}" for i in range(400)) + " reached the port" + tail + "."
    sentence = classifier.analyze_documents([Document("d", text)], whole=True)[0][0]
    assert sentence.text == text
    assert [span.text for span in sentence.cues][-1:] == ["said"]


def test_batch_mates_do_not_change_the_label(classifier: Classifier) -> None:
    texts = [s.text for s in classifier.analyze(ARTICLE)]
    together = classifier.predict(texts)
    alone = [classifier.predict([text])[0] for text in texts]
    assert [p.label for p in together] == [p.label for p in alone]
    for a, b in zip(together, alone, strict=True):
        assert a.probabilities["label"] == pytest.approx(b.probabilities["label"], abs=0.15)


def test_probabilities_sum_to_one_and_set_holds_label(classifier: Classifier) -> None:
    for sentence in classifier.analyze(ARTICLE):
        assert sum(sentence.probabilities.values()) == pytest.approx(1, abs=1e-3)
        assert sentence.label_set[0] == sentence.label
        assert 0 <= sentence.bias <= 1


def test_empty_input(classifier: Classifier) -> None:
    assert classifier.predict([]) == []
    assert classifier.analyze("") == []
    assert len(classifier.predict(["", "\x00"])) == 2


def test_one_string_is_refused(classifier: Classifier) -> None:
    with pytest.raises(TypeError, match="list of sentences"):
        classifier.predict("Not a list.")
