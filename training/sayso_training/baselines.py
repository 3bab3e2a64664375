"""Two baselines behind the same Predictor protocol: cue rules, and TF-IDF with logistic regression."""

from __future__ import annotations

import re
from collections.abc import Sequence

from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from sayso.decode import Prediction
from sayso.labels import LABELS
from sayso.spans import RawSpan
from sayso_data.schema import Example

HEDGES = (
    r"reportedly|allegedly|alleged|apparently|purportedly|supposedly|possibly|perhaps|probably|likely|unlikely|may|"
    r"might|could|seems?|appears?|appeared|suspected|believed to|thought to|rumou?red|unconfirmed|unclear|potentially|"
    r"expected to|feared"
)
CUES = (
    r"said|says|told|tells|claim(?:s|ed)?|according to|wrote|writes|tweeted|believes?|thinks?|warn(?:s|ed)|argue[sd]?|"
    r"insist(?:s|ed)|accused|blamed|denied|denies|confirmed|acknowledged|announced|estimates?|concluded|found|"
    r"reported|added|noted|suggested|stated|called|alleges"
)
_HEDGE = re.compile(rf"\b(?:{HEDGES})\b", re.IGNORECASE)
_CUE = re.compile(rf"\b(?:{CUES})\b", re.IGNORECASE)
_QUOTED = re.compile(r"^[\"“']|[\"”']$")
_NONE = re.compile(r"\?[\"”]?$|^(?:photo|image|read more|follow|watch)\b", re.IGNORECASE)


class CueRules:
    """Label by word lists: a hedge word wins over a reporting word or quotation mark, else fact."""

    def predict(self, sentences: Sequence[str]) -> list[Prediction]:
        """Return one prediction a sentence, with certainty 1."""
        return [self._predict(sentence) for sentence in sentences]

    def _predict(self, text: str) -> Prediction:
        spans = [RawSpan("hedge", *m.span(), 1.0) for m in _HEDGE.finditer(text)]
        cues = [RawSpan("cue", *m.span(), 1.0) for m in _CUE.finditer(text)]
        if _NONE.search(text) or len(text.split()) < 3:
            label = "none"
        elif spans:
            label = "hedge"
        else:
            label = "claim" if cues or _QUOTED.search(text) else "fact"
        return _prediction({name: float(name == label) for name in LABELS}, tuple(spans + cues))


class TfidfLogistic:
    """Word and word-pair TF-IDF with a class-weighted logistic regression; labels only."""

    def __init__(self, examples: Sequence[Example]) -> None:
        words = TfidfVectorizer(ngram_range=(1, 2), min_df=2, sublinear_tf=True, token_pattern=r"\w+|[^\w\s]")
        self._model = make_pipeline(words, LogisticRegression(C=4.0, class_weight="balanced", max_iter=1000))
        self._model.fit([e.text for e in examples], [e.label for e in examples])

    def predict(self, sentences: Sequence[str]) -> list[Prediction]:
        """Return one prediction a sentence with the regression's probabilities."""
        shares = self._model.predict_proba(sentences)
        return [_prediction(dict(zip(self._model.classes_, row.tolist(), strict=True)), ()) for row in shares]


def _prediction(shares: dict[str, float], spans: tuple[RawSpan, ...]) -> Prediction:
    label = max(shares, key=shares.__getitem__)
    return Prediction({"label": shares}, label, (label,), spans, None, None, None, 0.0)
