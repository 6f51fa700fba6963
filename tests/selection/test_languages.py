"""Languages: told where it can be, admitted as unknown where not."""

import pytest

from chapter2 import data
from chapter2.selection.languages import UNKNOWN, language_of, languages

SENTENCES = {
    "en": "The film is not what you have been told, but it was good for the children.",
    "de": "Das ist nicht der Film, auf den ich gewartet habe, und er war sehr lang.",
    "fr": "Je ne comprends pas que les acteurs soient dans une histoire avec trous.",
    "es": "La película es muy larga, pero los actores del reparto lo hacen con gracia.",
    "it": "Non è una storia che si dimentica, ma gli attori sono anche della scuola.",
    "pt": "Não é uma história muito boa, mas os atores são dos melhores para você.",
    "nl": "Het is niet de film die ik voor ogen had, maar het was ook heel mooi.",
    "zh": "这部电影拍得很好，我还想再看一遍。",
    "ja": "この映画はとても面白かったです。",
    "ko": "이 영화는 정말 재미있었습니다.",
    "ru": "Этот фильм мне очень понравился, но он длинный.",
    "uk": "Цей фільм мені дуже сподобався, але він її дратує.",
    "ar": "كان هذا الفيلم جميلا جدا",
    "el": "Η ταινία ήταν πολύ καλή",
    "hi": "यह फिल्म बहुत अच्छी थी",
    "th": "หนังเรื่องนี้ดีมาก",
}


@pytest.mark.parametrize(("language", "text"), SENTENCES.items())
def test_each_language_is_told_from_a_sentence(language, text):
    assert language_of(text) == language


@pytest.mark.parametrize("text", ["", "123 !!!", "Kwyjibo zorp.", "no no no no", "OK"])
def test_what_cannot_be_told_is_unknown(text):
    assert language_of(text) == UNKNOWN


def test_a_latin_name_does_not_make_a_chinese_text_english():
    assert language_of("我的 ThinkPad X61 键盘 很好，屏幕 也 不错。") == "zh"


def test_short_texts_are_judged_together():
    short = ["It was", "the film", "of that", "you were", "with my"] * 20
    assert {language_of(text) for text in short} == {UNKNOWN}
    assert languages(short).main == "en"


def test_texts_of_another_language_are_named():
    found = languages([SENTENCES["en"]] * 30 + [SENTENCES["de"]] * 3)
    assert (found.main, found.mixed, found.others) == ("en", True, (30, 31, 32))
    assert found.other_share == pytest.approx(3 / 33)


@pytest.mark.parametrize(
    ("name", "language"), [("movie-snippets", "en"), ("chinese-reviews", "zh")]
)
def test_real_sets_are_of_one_language(name, language):
    found = languages(data.load(name, limit=1000).texts)
    assert found.main == language
    assert not found.mixed
